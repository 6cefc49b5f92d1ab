"""How a turn looks in a terminal: the products, the reply below them, and what can be said next.

It draws steps and decides nothing. Letters name what is offered: numbers are the products'.
"""

from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ui.console import MARKS, STOCK

if TYPE_CHECKING:
    from agent.dialogue.state import Said
    from agent.steps import Option
    from catalog.product import Product
    from ranking.records import Check, Hit, Results
    from tools.comparison import Comparison, Row
    from ui.chat_turn import Turn

NARROW = 64  # columns; below, price and stock stand under the name
BETWEEN = 2
NUMBERS = 3 + 2 * BETWEEN  # columns taken by the numbers, with the space around them
TITLE_LINES = 2
COMPARED = 14  # columns that a product needs in a comparison
BETTER = " ◂"
GAP = "   "


def reply(turn: "Turn", width: int) -> RenderableType:
    """A whole turn for a terminal that many columns wide."""
    from agent.steps import Failed

    places = {product_id: place for place, product_id in enumerate(turn.state.shown, start=1)}
    parts: list[RenderableType] = []
    if turn.results and turn.results.hits:
        parts += [_results(turn.results, places, width), ""]
    if isinstance(turn.end, Failed):
        parts.append(Text(turn.end.problem, style="yellow"))
        return Group(*parts)
    if turn.end.comparison and turn.end.comparison.rows:
        parts += [comparison_table(turn.end.comparison, places, width), ""]
    parts.append(Text(turn.end.text))
    if turn.question:
        parts += ["", Text(turn.question.question, style="bold")]
    if turn.choices:
        parts += [] if turn.question else [""]
        parts += [choice(letter, option) for letter, option in lettered(turn.choices).items()]
    return Group(*parts)


def lettered(options: "Sequence[Option]") -> "dict[str, Option]":
    """The options by the letter that stands for each."""
    return dict(zip(ascii_lowercase, options, strict=False))


def choice(letter: str, option: "Option") -> Text:
    """One thing that can be said next, and how many products it leaves."""
    return Text.assemble((f"  {letter}  ", "bold cyan"), option.label, (f"  {option.count:,}", "dim"))


def history(said: "Sequence[Said]") -> RenderableType:
    """What was said in all turns."""
    if not said:
        return Text("Nothing has been said yet.", style="dim")
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style="dim", justify="right")
    rows.add_column(overflow="fold")
    for number, turn in enumerate(said, start=1):
        rows.add_row(str(number), Text(turn.utterance, style="bold"))
        rows.add_row("", Text(turn.answer))
    return rows


def comparison_table(comparison: "Comparison", places: Mapping[str, int], width: int) -> RenderableType:
    """Products side by side, what is better marked; on a narrow terminal under their numbers."""
    products = comparison.products
    if width >= COMPARED * (len(products) + 1):
        table = Table(box=None, padding=(0, BETWEEN, 0, 0), header_style="bold")
        table.add_column("", style="dim", overflow="fold", max_width=COMPARED + 4)
        for product in products:
            table.add_column(Text(product.title), ratio=1, overflow="fold")
        for row in comparison.rows:
            table.add_row(row.name, *_values(row))
        return table
    numbers = [str(places.get(product.id, n)) for n, product in enumerate(products, start=1)]
    parts: list[RenderableType] = []
    for number, product in zip(numbers, products, strict=True):
        parts.append(Text.assemble((f"{number}  ", "dim"), (_clipped(product.title, 2 * width), "bold")))
    for row in comparison.rows:
        pairs = zip(numbers, _values(row), strict=True)
        values = [Text.assemble((f"{number} ", "dim"), value) for number, value in pairs]
        parts += ["", Text(row.name, style="dim"), *_flowed(values, width)]
    return Group(*parts)


def _values(row: "Row") -> list[Text]:
    values = []
    for place, value in enumerate(row.values):
        better = place in row.best
        text = Text("-", style="dim") if value is None else Text(value, style="bold green" if better else "")
        values.append(text.append(BETTER) if better else text)
    return values


def _results(results: "Results", places: Mapping[str, int], width: int) -> RenderableType:
    """The products that the shopper is told of, under the numbers by which they can be named."""
    if not results.groups:
        return _hits([hit for hit in results.hits if hit.product.id in places], places, width)
    parts: list[RenderableType] = []
    for group in results.groups:
        hits = [hit for hit in group.hits if hit.product.id in places]
        if hits:
            parts += ["", Text(group.label, style="bold underline"), _hits(hits, places, width)]
    return Group(*parts[1:])


def _hits(hits: "Sequence[Hit]", places: Mapping[str, int], width: int) -> RenderableType:
    table = Table.grid(padding=(0, BETWEEN, 0, 0), expand=True)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    facts = [(_price(hit.product), _rating(hit.product), _stock(hit.product)) for hit in hits]
    room = width - NUMBERS
    if wide := width >= NARROW:
        for place, cells in enumerate(zip(*facts, strict=True)):
            table.add_column(justify="left" if place else "right", no_wrap=True)
            room -= max(len(cell) for cell in cells) + BETWEEN
    for hit, beside in zip(hits, facts, strict=True):
        lines = [_name(hit, room), *_below(hit, room)]
        if not wide:
            lines.insert(1, Text(" · ").join(beside))
        table.add_row(str(places[hit.product.id]), Text("\n").join(lines), *(beside if wide else ()))
    return table


def _name(hit: "Hit", room: int) -> Text:
    return Text(_clipped(hit.product.title, TITLE_LINES * room - room // 4), style="bold")


def _below(hit: "Hit", room: int) -> list[Text]:
    """Maker and variants, then what is proven and what is not said, as many to a line as fit."""
    others = f"{len(hit.variants)} more variant{'s' * (len(hit.variants) > 1)}" if hit.variants else None
    known = [part for part in (hit.product.brand, others) if part]
    detail = [Text(" · ".join(known), style="dim")] if known else []
    return _flowed([*detail, *map(_check, hit.receipt)], room)


def _flowed(pieces: Sequence[Text], room: int) -> list[Text]:
    """The pieces in lines, none of them broken that fits into one."""
    lines: list[Text] = []
    for piece in pieces:
        if lines and len(lines[-1]) + len(GAP) + len(piece) <= room:
            lines[-1] = Text(GAP).join([lines[-1], piece])
        else:
            lines.append(piece)
    return lines


def _check(check: "Check") -> Text:
    mark, style = MARKS[check.verdict]
    return Text.assemble((f"{mark} ", style), (check.requirement, "dim"))


def _price(product: "Product") -> Text:
    from catalog.price import format_money

    return Text(format_money(product.price)) if product.price else Text("no price", style="dim")


def _rating(product: "Product") -> Text:
    if product.rating is None:
        return Text("-", style="dim")
    count = "" if product.rating.count is None else f" ({product.rating.count:,})"
    return Text.assemble((f"★ {product.rating.value:.1f}", "yellow"), (count, "dim"))


def _stock(product: "Product") -> Text:
    label, style = STOCK[product.availability]
    return Text(label, style=style)


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: max(longest - 1, 1)].rstrip(" ,") + "…"
