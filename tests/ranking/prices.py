from catalog.product import Money


def usd(amount: float) -> Money:
    return Money(amount=round(amount * 100), currency="USD")
