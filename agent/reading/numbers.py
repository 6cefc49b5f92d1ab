"""Bounds on price, rating and number of reviews, in the words people use for them.

Strict and inclusive bounds are the same here. A number that is a size, a model, an age or a count is left
where it is: a bound without a sign or unit counts as a price only where nothing else claims the number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Literal, NamedTuple, TypeVar

from agent.reading.amounts import Amount, Token, amounts, count, money, tables, text_at, tokens, unit_at
from catalog.price import LARGEST
from catalog.product import Money
from core.record import Record

Field = Literal["price", "rating", "reviews"]
Value = Money | float | int
Bound = Literal["most", "least", "around", "range"]
T = TypeVar("T")

# "Around 40" is 32 to 48: a fifth either way is what shoppers accept as the same price, and it keeps what
# is rounded to the next price step. A rating or a count is only ever "around" from below.
AROUND = Decimal("0.2")
STARS = 5
LEAST_BARE = 5  # below, a number without a sign is a count: "max 3"
YOUNG = 12  # "kids under 10" are young, not cheap
ROUND = 5  # prices are said in round numbers: "20-50" is a price range, "24-70" a lens
FEWEST_AFTER = 20  # "50 max" is a price, "iphone 12 max" is not
LEAST_FOR = 20  # "a desk for 200" is a price, "a tent for 4" is not
POUNDS = ("pound", "pounds")  # of weight, unless a price is spoken of
LARGEST_COUNT = 10**9
LONGEST_PHRASE = 4
MOST_INNER = 3
MOST_CARRIED = 6  # words between "don't" and "more than"

_ENDS = frozenset(["", *".,;!?)(:&|/"])
_UNIT_SIGNS = frozenset(['"', "'", "/", "%"])


class Figure(Record):
    """One bound with its place in the text; `problem` says why it cannot hold."""

    field: Field
    low: Value | None = None
    high: Value | None = None
    start: int
    end: int
    problem: str | None = None


class _Said(NamedTuple):
    """What the words around a number say: the tokens they take, the bound, and of what."""

    one: Amount
    other: Amount
    first: int
    last: int
    bound: Bound | None = None
    topic: str | None = None
    closed: bool = False  # the bound follows the number: "50 max"

    @property
    def is_range(self) -> bool:
        """Whether two numbers are its ends."""
        return self.one.number is not self.other.number

    @property
    def largest(self) -> Decimal:
        """The number, or the greater of both."""
        return max(amount.number.value or Decimal(0) for amount in (self.one, self.other))


def figures(text: str, currency: str = "USD") -> list[Figure]:
    """The bounds that a text states, in order; an amount that names no currency is in the given one."""
    words = tokens(text)
    numbers = amounts(words, currency)
    found: list[Figure] = []
    floor, at = 0, 0
    while at < len(numbers):
        one, other = _ends(words, numbers, at)
        said = _said(words, one, other, floor, currency)
        figure = _figure(words, said, currency)
        if figure:
            found.append(figure)
            floor = said.last
        at += 2 if figure and other is not one else 1
    return found


def _ends(words: Sequence[Token], numbers: Sequence[Amount], at: int) -> tuple[Amount, Amount]:
    """The two ends of a range in the same unit, "between 4 and 4.5 stars"; else twice the one number."""
    one = numbers[at]
    if at + 1 == len(numbers):
        return one, one
    other = numbers[at + 1]
    joint = " ".join(token.text for token in words[one.last : other.first])
    if joint not in tables()["before"]["joints"]:
        return one, one
    if joint in ("and", "&") and not _opens_range(words, one.first):
        return one, one
    units = {unit for unit in (one.unit, other.unit) if unit}
    if len(units) > 1 and units != {"ratings", "rating"}:
        return one, one
    unit, currency = other.unit or one.unit, one.currency or other.currency
    scale = one.scale if one.unit else other.scale
    low = one._replace(unit=unit, currency=currency, scale=scale)
    return low, other._replace(unit=unit, currency=currency)


def _opens_range(words: Sequence[Token], first: int) -> bool:
    """Whether "between" or the like stands before a number."""
    for skipped in range(MOST_INNER):
        if found := _phrase_before(words, first - skipped, _bounds(), 0):
            return found[0] == "range"
    return False


def _said(words: Sequence[Token], one: Amount, other: Amount, floor: int, shop: str) -> _Said:
    """Walk left and right from a number over the words that only serve it."""
    first, bound, topic = _walked_left(words, one, floor)
    if bound == "range" and one.number is other.number:  # "from $20"
        bound = "least" if one.unit == "price" and text_at(words, one.first - 1) == "from" else None
    last, closed = other.last, False
    while found := _phrase_after(words, last, _closings()):
        known = topic or one.unit or unit_at(words, last + found[1], shop)
        if bound not in (None, "range", found[0]) or (words[last].text in ("plus", "up") and not known):
            break
        closed = closed or bound is None
        bound = bound or found[0]
        if words[last + found[1] - 1].text == "budget":
            topic = topic or "purse"
        last += found[1]
    if closed and one.unit is None and (unit := unit_at(words, last, shop)):  # "4 or more stars"
        other = other._replace(unit=unit.kind, currency=unit.currency, scale=unit.scale)
        one, last = (other if one.number is other.number else one._replace(unit=unit.kind)), unit.last
    if bound is None and (one.least or other.least):
        bound = "least"
    if bound is None and text_at(words, first - 1) in ("for", "with") and _pays(words, one, topic):
        bound = "most"
    if bound or topic or one.unit:
        leading = tables()["leading"]["words"]
        while first > floor and text_at(words, first - 1) in leading:
            first -= 1
    if one.unit == "price" or topic in ("price", "purse") or (bound and topic is None and one.unit is None):
        last += (_phrase_after(words, last, _trailing()) or ("", 0))[1]
    opened = "(" in (text_at(words, at) for at in range(first - 1, last))
    if opened and text_at(words, last) == ")":
        first, last = first - (text_at(words, first - 1) == "("), last + 1
    return _Said(one, other, first, last, bound, topic, closed)


def _pays(words: Sequence[Token], one: Amount, topic: str | None) -> bool:
    """Whether what follows "for" or "with" is what is paid: "a desk for 200", "with 60 dollars"."""
    if one.unit is not None:
        return one.unit == "price"
    value = one.number.value or Decimal(0)
    occasions = tables()["measures"]["occasions"]
    return (
        topic is None
        and text_at(words, one.first - 1) == "for"
        and text_at(words, one.first - 2)[:1].isalpha()
        and value >= LEAST_FOR
        and value % ROUND == 0
        and text_at(words, one.last) in _ENDS
        and not any(token.text in occasions for token in words)
    )


def _walked_left(words: Sequence[Token], one: Amount, floor: int) -> tuple[int, Bound | None, str | None]:
    """Where the phrase before a number begins, the bound it states, and of what."""
    first = one.first
    bound: Bound | None = None
    topic: str | None = None
    turned = False
    while first > floor:
        for at in _skipping(words, first, floor):
            if bound is None and (found := _phrase_before(words, at, _bounds(), floor)):
                bound, first = found[0], at - found[1]
                break
            named = _phrase_before(words, at, _topics(), floor) if topic is None else None
            if named and _suits(named[0], one):
                topic, first = named[0], at - named[1]
                break
        else:
            denial = _denial(words, first, floor) if bound in ("most", "least") and not turned else None
            if denial is None:
                break
            turned, first = True, denial
    if turned:
        bound = "least" if bound == "most" else "most"
    return first, bound, topic


def _skipping(words: Sequence[Token], first: int, floor: int) -> Iterator[int]:
    """The places before `first` with nothing but small words between: "rating OF AT least"."""
    for at in range(first, max(floor, first - MOST_INNER), -1):
        yield at
        if text_at(words, at - 1) not in tables()["leading"]["inner"]:
            return


def _suits(topic: str, amount: Amount) -> bool:
    """Whether a number with that unit can be a bound of the topic."""
    match amount.unit:
        case "price":
            return topic in ("price", "purse")
        case "rating":
            return topic == "rating"
        case "reviews" | "ratings":
            return topic in ("reviews", "rating")
        case "other":
            return topic in ("price", "purse")
    return True


def _denial(words: Sequence[Token], first: int, floor: int) -> int | None:
    """Where "nothing", "don't want to spend" and the like begin, if they turn the bound that follows."""
    before = tables()["before"]
    for at in range(first, max(floor, first - MOST_CARRIED), -1):
        if text_at(words, at - 1) in before["against"]:
            return at - 1
        if text_at(words, at - 1) not in before["carried"]:
            return None
    return None


def _figure(words: Sequence[Token], said: _Said, currency: str) -> Figure | None:
    """The bound as a record, or None where the number is no bound of ours."""
    field = _field(words, said)
    if field is None:
        return None
    start, end = words[said.first].start, words[said.last - 1].end

    def figure(low: Value | None = None, high: Value | None = None, problem: str | None = None) -> Figure:
        return Figure(field=field, low=low, high=high, start=start, end=end, problem=problem)

    if field == "price":
        return _price(said, currency, figure)
    if field == "rating":
        low, high = sorted(map(_stars, (said.one, said.other)))
        if high > STARS:
            return figure(problem=f"ratings go up to {STARS} stars, not {high:g}")
    else:
        low, high = sorted(map(count, (said.one, said.other)))
        if high > LARGEST_COUNT:
            return figure(problem="no product has that many reviews")
    if said.is_range:
        return figure(low, high)
    return figure(high=high) if said.bound == "most" else figure(low)


def _price(said: _Said, currency: str, figure: Callable[..., Figure]) -> Figure | None:
    written = "GBP" if said.one.unit == "other" else None
    low, high = (money(amount, amount.currency or written, currency) for amount in (said.one, said.other))
    if low is None or high is None:
        too_much = (said.other.number.value or 0) > LARGEST
        return figure(problem="no price is that high") if too_much else None
    if said.is_range:
        return figure(*sorted((low, high), key=lambda price: price.amount))
    if said.bound == "most" or (said.bound is None and said.topic == "purse"):
        return figure(high=high)
    if said.bound == "least":
        return figure(low)
    less, more = (
        Money(amount=int(low.amount * (1 + share)), currency=low.currency) for share in (-AROUND, AROUND)
    )
    return figure(less, more)


def _stars(amount: Amount) -> float:
    return float((amount.number.value or Decimal(0)) * amount.scale)


def _field(words: Sequence[Token], said: _Said) -> Field | None:
    """What the number is a bound of, if of anything."""
    value, unit = said.largest, said.one.unit
    match unit:
        case "other":  # in pounds, what is priced is money though the shop's currency is another
            is_money = said.topic in ("price", "purse") and words[said.other.last - 1].text in POUNDS
            return "price" if is_money else None
        case "price":
            return None if _denominates(words, said) else "price"
        case "rating":
            return None if _is_named_star(words, said) else "rating"
        case "ratings":
            return "rating" if value <= STARS else "reviews"
        case "reviews":
            return "rating" if value < STARS and value % 1 else "reviews"  # "4.5+ reviews"
    if _is_measure(words, said):
        return None
    if said.topic == "rating" and value <= STARS:
        return "rating"
    if said.topic == "reviews" or (said.topic == "rating" and said.bound == "least"):
        return "rating" if value < STARS and value % 1 else "reviews"
    if said.topic == "purse" and value < LEAST_BARE:
        return None  # "if you got one"
    if said.topic in ("price", "purse"):
        return "price" if said.bound or said.is_range or _ends_clause(words, said.last) else None
    open_ended = said.bound == "least" and not said.is_range and (said.closed or said.one.least)
    if open_ended and value < STARS and value % 1:
        return "rating"  # "4.5 and up"
    return "price" if _is_bare_price(words, said) else None


def _denominates(words: Sequence[Token], said: _Said) -> bool:
    """Whether the amount is part of what the product is: "$100 gift card", "50 cent cd"."""
    if said.bound or said.topic:
        return False
    named = text_at(words, said.last) in tables()["measures"]["denominated"]
    return named or words[said.one.last - 1].text == "cent"


def _is_named_star(words: Sequence[Token], said: _Said) -> bool:
    """Whether "5 star" is a name: "five star notebook", "4 star hotel towels"."""
    if said.bound or said.topic or said.largest % 1:
        return False
    return words[said.one.last - 1].text == "star" and not _ends_clause(words, said.one.last)


def _is_measure(words: Sequence[Token], said: _Said) -> bool:
    """Whether a number without a unit is a size, an age or a count after all."""
    lists = tables()["measures"]
    before = text_at(words, said.first - 1)
    after = text_at(words, said.last + (text_at(words, said.last) == "-"))
    if said.topic is None and (
        before in lists["before"]
        or (before in lists["young"] and said.largest <= YOUNG)
        or (before in lists["old"] and said.bound == "least")
    ):
        return True
    return after in lists["after"] or after in _UNIT_SIGNS


def _is_bare_price(words: Sequence[Token], said: _Said) -> bool:
    """Whether a bound without any unit or topic is a price: "headphones under 50"."""
    value = said.largest
    clean = _ends_clause(words, said.last)
    if value < LEAST_BARE:
        return False
    if said.is_range:
        low = said.one.number.value or Decimal(0)
        is_round = low % ROUND == 0 and value % ROUND == 0 and 0 < low < value
        return clean and (said.bound in ("range", "around") or is_round)
    if said.closed:
        named_so = text_at(words, said.other.last) in ("max", "maximum") and value < FEWEST_AFTER
        priced = said.bound == "most" or (said.bound == "around" and value >= LEAST_FOR)
        return priced and clean and not named_so and not _is_pack(words, said.first)
    if words[said.one.first - 1].text == "max" and (_is_model(words, said.one.first - 2) or not clean):
        return False
    if clean or said.bound != "most":
        return clean and said.bound is not None
    product_named = any(text_at(words, at)[:1].isalpha() for at in range(said.first))
    after = text_at(words, said.last)
    many = after.endswith("s") and not after.endswith("ss") and after not in tables()["measures"]["audience"]
    return after[:1].isalpha() and not (product_named and many)


def _is_pack(words: Sequence[Token], at: int) -> bool:
    return text_at(words, at - 1) == "of" and text_at(words, at - 2) in tables()["measures"]["of"]


def _is_model(words: Sequence[Token], at: int) -> bool:
    """Whether "max" belongs to a name: "iphone 11 pro max", "series 3 max"."""
    word = text_at(words, at)
    return word in tables()["measures"]["models"] or any(c.isdigit() for c in word)


def _ends_clause(words: Sequence[Token], at: int) -> bool:
    text = text_at(words, at)
    return (
        text in _ENDS
        or text in tables()["clauses"]["openings"]
        or _phrase_after(words, at, _bounds()) is not None
        or _is_quantity(words, at)
    )


def _is_quantity(words: Sequence[Token], at: int) -> bool:
    """Whether something else is counted or measured next: "under 150 4 stars", "below 20 350ml"."""
    if not text_at(words, at)[:1].isdigit():
        return False
    if words[at].value is None:
        return (words[at].text.lstrip("0123456789.,") or "1") in tables()["measures"]["after"]
    hyphen = text_at(words, at + 1) == "-"
    unit = unit_at(words, at + 1 + hyphen, "")
    return unit is not None and unit.kind != "price"  # "under 10 000 euros" is one number


def _phrase_before(
    words: Sequence[Token], at: int, phrases: Mapping[tuple[str, ...], T], floor: int
) -> tuple[T, int] | None:
    """The longest of the phrases that ends before `at`, and its length."""
    for size in range(min(LONGEST_PHRASE, at - floor), 0, -1):
        if found := phrases.get(tuple(token.text for token in words[at - size : at])):
            return found, size
    return None


def _phrase_after(
    words: Sequence[Token], at: int, phrases: Mapping[tuple[str, ...], T]
) -> tuple[T, int] | None:
    for size in range(min(LONGEST_PHRASE, len(words) - at), 0, -1):
        if found := phrases.get(tuple(token.text for token in words[at : at + size])):
            return found, size
    return None


@cache
def _bounds() -> Mapping[tuple[str, ...], Bound]:
    before = tables()["before"]
    kinds: tuple[Bound, ...] = ("most", "least", "around", "range")
    return {tuple(phrase.split()): kind for kind in kinds for phrase in before[kind]}


@cache
def _closings() -> Mapping[tuple[str, ...], Bound]:
    kinds: tuple[Bound, ...] = ("most", "least", "around")
    return {tuple(phrase.split()): kind for kind in kinds for phrase in tables()["after"][kind]}


@cache
def _trailing() -> Mapping[tuple[str, ...], str]:
    return {tuple(phrase.split()): phrase for phrase in tables()["after"]["trailing"]}


@cache
def _topics() -> Mapping[tuple[str, ...], str]:
    return {
        tuple(phrase.split()): topic for topic, phrases in tables()["topics"].items() for phrase in phrases
    }
