"""The numbers of a statement held against a record: prices, discounts, ratings, counts of reviews.

What else is a quantity, `agent.llm.quantities` reads. Numbers inside a product's name are not read here.
"""

import re
from collections.abc import Iterator, Sequence

from agent.llm.hedged import agrees, hedge, unhedged
from agent.llm.quantities import quantities
from agent.llm.said import AMOUNT, Found, Problem, Span, any_of, lists, overlaps
from agent.llm.subjects import Statement
from catalog.price import SIGNS, is_currency, major_units, parse_money
from catalog.product import Money, Product
from ranking.words import words
from tools.claims import sentences

_SIGN = r"(?:US|C|CA|A|AU|NZ)?\$|[€£¥₹₩₺₪]"
_MONEY = re.compile(
    rf"(?:(?:{_SIGN}|\b[A-Z]{{3}})\s?{AMOUNT}(?:\s?[A-Z]{{3}}\b)?)"
    rf"|(?:\b{AMOUNT}\s?(?:€|£|[A-Z]{{3}}\b|dollars?\b|bucks\b|euros?\b|pounds sterling\b|quid\b))"
)
_SPELLED = {"dollar": "$", "dollars": "$", "bucks": "$", "euro": "€", "euros": "€", "quid": "£"}
_PERCENT = re.compile(rf"\b({AMOUNT})\s?(?:%|percent\b|per cent\b)", re.I)
_NUMBER = re.compile(AMOUNT)
_FLUFF = frozenset(["of", "in", "the", "a", "and", "with", "for", "is", "it"])


def figures(statement: Statement, products: Sequence[Product]) -> Found:
    """Where the statement has numbers, and which of them no record of what it speaks of has."""
    spans: list[Span] = []
    problems: list[Problem] = []
    about = [products[place] for place in statement.about]
    than = [products[place] for place in statement.than]
    for read in (_money, _percents, _ratings, _reviews):
        for span, holds, reason in read(statement.text, about, than):
            if overlaps(span, spans):
                continue
            spans.append(span)
            if not holds:
                problems.append(Problem(statement.text[slice(*span)].strip(), reason))
    for match in re.finditer(any_of(lists()["figures"]["discounted"]), statement.text, re.I):
        spans.append(match.span())
        if not all(map(is_reduced, about)):
            problems.append(Problem(match[0], "the record has no list price above its price"))
    for span, holds in quantities(statement.text, about, len(products), spans):
        spans.append(span)
        if not holds:
            problems.append(Problem(statement.text[slice(*span)].strip(), "the record has no such figure"))
    return Found(tuple(spans), tuple(problems))


def is_reduced(product: Product) -> bool:
    """Whether it costs less than its list price."""
    price, full = product.price, product.list_price
    return (
        price is not None
        and full is not None
        and full.currency == price.currency
        and full.amount > price.amount
    )


_Read = Iterator[tuple[Span, bool, str]]


def _money(text: str, about: Sequence[Product], than: Sequence[Product]) -> _Read:
    patterns = lists()["figures"]
    for match in _MONEY.finditer(text):
        code = re.search(r"[A-Z]{3}", match[0])
        if code and not is_currency(code[0]):
            continue  # "SPF 30"
        before, after = text[: match.start()], text[match.end() :]
        what = "price"
        if _ends(patterns["list_price"], before) or _begins(patterns["list_price_after"], after):
            what = "list price"
        elif _ends(patterns["saving"], before) or _begins(patterns["saving_after"], after):
            what = "saving"
        elif _begins(patterns["gap_after"], after):
            what = "difference in price"
        elif re.search(any_of(patterns["total"]), text, re.I):
            what = "total"
        known = _amounts(what, about, than)
        said = _said(match[0], known[0].currency if known and known[0] else None)
        holds = (
            said is not None
            and bool(known)
            and all(
                one is not None
                and one.currency == said.currency
                and agrees(major_units(said), major_units(one), before)
                for one in known
            )
        )
        yield (
            _with_role(what != "price", before, match, after),
            holds,
            f"the record has another {what}, or none",
        )


def _with_role(in_role: bool, before: str, match: re.Match[str], after: str) -> Span:
    """The amount with the words around it that say what it is: "down from $30", "13% off"."""
    if not in_role:
        return match.span()
    patterns = lists()["figures"]
    left = re.search(any_of([*patterns["list_price"], *patterns["saving"]]), before, re.I)
    right = re.match(any_of([*patterns["list_price_after"], *patterns["saving_after"]]), after, re.I)
    return left.start() if left else match.start(), match.end() + (right.end() if right else 0)


def _said(text: str, currency: str | None) -> Money | None:
    """The amount, in the record's currency where a sign leaves it open; None for a sign of another one."""
    number = _NUMBER.search(text)
    if currency is None or number is None:
        return None
    sign = (text[: number.start()] + text[number.end() :]).strip()
    sign = _SPELLED.get(sign.lower(), sign).upper()
    if currency != sign and currency not in SIGNS.get(sign, ()):
        parts = sign.split() or [sign]
        if not all(
            (is_currency(part) and part == currency) or currency in SIGNS.get(part, ()) for part in parts
        ):
            return None
    return parse_money(float(number[0].replace(",", "")), currency)


def _amounts(what: str, about: Sequence[Product], than: Sequence[Product]) -> list[Money | None]:
    if what == "list price":
        return [product.list_price for product in about]
    if what == "saving":
        return [_gap(product.list_price, product.price) if is_reduced(product) else None for product in about]
    if what == "difference in price":
        return [_gap(one.price, other.price) for one in about for other in than]
    if what == "total":
        prices = [product.price for product in about if product.price]
        if len(prices) < len(about) or len({price.currency for price in prices}) != 1:
            return [None]
        return [Money(amount=sum(price.amount for price in prices), currency=prices[0].currency)]
    return [product.price for product in about]


def _gap(one: Money | None, other: Money | None) -> Money | None:
    if one is None or other is None or one.currency != other.currency:
        return None
    return Money(amount=abs(one.amount - other.amount), currency=one.currency)


def _percents(text: str, about: Sequence[Product], than: Sequence[Product]) -> _Read:
    patterns = lists()["figures"]
    for match in _PERCENT.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        number = float(match[1].replace(",", ""))
        if _ends(patterns["saving"], before) or _begins(patterns["saving_after"], after):
            holds = all(_is_percent_off(product, number, before) for product in about)
            span = _with_role(True, before, match, after)
            yield span, bool(about) and holds, "the record has no such discount"
        elif _begins(patterns["gap_after"], after):
            gaps = [_percent_gap(one, other) for one in about for other in than]
            holds = bool(gaps) and all(gap is not None and abs(gap - number) <= 1 for gap in gaps)
            yield match.span(), holds, "the prices do not differ by that"
        else:
            nouns = [s for s in words(after)[:2] if s not in _FLUFF][:1]
            holds = all(_says_percent(product, match[1], nouns) for product in about)
            yield match.span(), bool(about) and holds, "the record does not say so"


def _is_percent_off(product: Product, percent: float, before: str) -> bool:
    price, full = product.price, product.list_price
    if price is None or full is None or not is_reduced(product):
        return False
    real = 100 * (full.amount - price.amount) / full.amount
    return abs(real - percent) <= 0.5 or (hedge(before) is not None and agrees(percent, real, before))


def _percent_gap(one: Product, other: Product) -> float | None:
    gap = _gap(one.price, other.price)
    return (
        None
        if gap is None or other.price is None or not other.price.amount
        else 100 * gap.amount / other.price.amount
    )


def _says_percent(product: Product, number: str, nouns: Sequence[str]) -> bool:
    for text in _texts(product):
        for match in re.finditer(rf"(?<![\d.]){re.escape(number)}\s?(?:%|percent)", text, re.I):
            if not nouns or set(nouns) <= set(words(text[match.start() :])):
                return True
    return False


def _ratings(text: str, about: Sequence[Product], than: Sequence[Product]) -> _Read:  # noqa: ARG001
    patterns = lists()["figures"]
    for match in re.finditer(r"(?<![\w$€£.,])\d(?:\.\d+)?(?![\d%])(?!,\d)", text):
        before, after = text[: match.start()], text[match.end() :]
        ending = next((m for p in patterns["stars"] if (m := re.match(p, after, re.I))), None)
        if ending is None and not re.search(any_of(patterns["stars_before"]) + r"$", unhedged(before), re.I):
            continue
        stated = [product.rating.value if product.rating else None for product in about]
        holds = bool(stated) and all(
            real is not None
            and agrees(float(match[0]), round(real, 1) if "." in match[0] else real, before, exact=0.051)
            for real in stated
        )
        end = match.end() + (ending.end() if ending else 0)
        tail = re.match(r"\s*(?:out )?of (?:5|five)\b(?: stars?)?|\s*(?:5|five) stars?", text[end:], re.I)
        yield (
            (match.start(), end + (tail.end() if tail else 0)),
            holds,
            "the record has another rating, or none",
        )


def _reviews(text: str, about: Sequence[Product], than: Sequence[Product]) -> _Read:  # noqa: ARG001
    patterns = lists()["figures"]
    for match in re.finditer(rf"(?<![\w$€£.]){AMOUNT}k?\b", text):
        before, after = text[: match.start()], text[match.end() :]
        if not _begins(patterns["reviews"], after) and not re.search(
            any_of(patterns["reviews_before"]), before, re.I
        ):
            continue
        said = float(match[0].rstrip("k").replace(",", "")) * (1000 if match[0].endswith("k") else 1)
        counts = [product.rating.count if product.rating else None for product in about]
        holds = bool(counts) and all(
            real is not None and agrees(said, real, before, exact=0) for real in counts
        )
        yield match.span(), holds, "the record has another count of reviews, or none"


def _ends(patterns: Sequence[str], before: str) -> bool:
    return re.search(any_of(patterns), unhedged(before), re.I) is not None


def _begins(patterns: Sequence[str], after: str) -> bool:
    return re.match(any_of(patterns), after, re.I) is not None


def _texts(product: Product) -> Iterator[str]:
    yield product.title
    yield from sentences(product)
    for name, values in product.attributes.items():
        yield from (f"{value} {name}" for value in values)
