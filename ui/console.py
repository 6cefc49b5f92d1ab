"""How results look in a terminal. Data goes to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.errors import InvalidQuery

if TYPE_CHECKING:
    from catalog.datasets import Dataset
    from catalog.feeds import Reject
    from catalog.indexing import IndexReport, Progress
    from catalog.product import Product
    from catalog.readiness import Readiness
    from core.artifacts import Listed
    from ranking.records import Hit, Results

R = TypeVar("R", bound=BaseModel)

stdout = Console(highlight=False, markup=False)  # no markup: product text may hold square brackets
stderr = Console(stderr=True, highlight=False, markup=False)

STOCK = {
    "in_stock": ("in stock", "green"),
    "out_of_stock": ("sold out", "red"),
    "preorder": ("pre-order", "yellow"),
    "backorder": ("back-order", "yellow"),
    "discontinued": ("discontinued", "red"),
    "unknown": ("-", "dim"),
}
MARKS = {"met": ("✓", "green"), "unknown": ("?", "yellow"), "violated": ("✗", "red")}


def failure(message: str) -> None:
    """One line on stderr."""
    stderr.print(Text.assemble(("aisle: ", "bold red"), message), soft_wrap=True)


def note(message: str) -> None:
    """What takes a moment right now, on stderr."""
    stderr.print(Text(message, style="dim"), soft_wrap=True)


def show(record: R, as_json: bool, render: Callable[[R], RenderableType]) -> None:
    """A record as JSON, or as `render` draws it."""
    if as_json:
        sys.stdout.write(record.model_dump_json() + "\n")
    else:
        stdout.print(render(record))


def show_all(records: Sequence[R], as_json: bool, render: Callable[[Sequence[R]], RenderableType]) -> None:
    """A list of records as one JSON array, or as `render` draws it."""
    if as_json:
        sys.stdout.write(json.dumps([record.model_dump(mode="json") for record in records]) + "\n")
    else:
        stdout.print(render(records))


def show_fetched(name: str, path: Path, as_json: bool) -> None:
    """Where something that was fetched now is."""
    if as_json:
        sys.stdout.write(json.dumps({"name": name, "path": str(path)}) + "\n")
    else:
        stdout.print(Text.assemble(("✓ ", "green"), (name, "bold"), " is in ", str(path)), soft_wrap=True)


def validation_message(error: ValidationError) -> str:
    """What is wrong with an argument, in one line."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    return f"{name}: {reason}" if name else reason


def results_table(results: "Results", query: str) -> RenderableType:
    """Hits with price, rating and stock, below them how long it took; above, if the query was repaired."""
    repaired = _repaired(results, query)
    if not results.hits:
        return Group(*repaired, Text(f"Nothing in the index fits {query!r}.", style="yellow"))
    table = Table(box=None, padding=(0, 2, 1, 0), show_edge=False, header_style="dim")
    table.add_column("", justify="right", style="dim")
    table.add_column("Product", ratio=1, overflow="fold")
    table.add_column("Price", justify="right", no_wrap=True)
    table.add_column("Rating", no_wrap=True)
    table.add_column("Stock", no_wrap=True)
    for place, hit in enumerate(results.hits, start=1):
        product = hit.product
        table.add_row(str(place), _product(hit), _price(product), _rating(product), _stock(product))
    stages = ", ".join(f"{stage.name} {stage.ms:.1f}" for stage in results.trace.stages)
    return Group(*repaired, table, Text(f"{results.trace.total_ms:.1f} ms ({stages})", style="dim"))


def readiness_report(found: "Readiness") -> RenderableType:
    """How ready a feed is: what it has, what is wrong with it."""
    from catalog.readiness import Finding

    head = Text.assemble(
        (f"{found.usable:,}", "bold"), f" of {found.rows:,} rows are usable; ", f"{found.rejected:,} rejected"
    )
    coverage = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", title_justify="left")
    coverage.add_column("Field")
    coverage.add_column("Known", justify="right")
    coverage.add_column("")
    for field, share in found.coverage.items():
        style = "green" if share >= 0.9 else "yellow" if share >= 0.5 else "red"
        bar = Text("█" * round(share * 20), style=style)
        coverage.add_row(field.replace("_", " "), f"{share:.1%}", bar)
    flaws = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    flaws.add_column("Worth a look")
    flaws.add_column("Products", justify="right")
    flaws.add_column("For example", overflow="fold")
    for field in type(found).model_fields:
        finding = getattr(found, field)
        if isinstance(finding, Finding) and finding.count:
            flaws.add_row(field.replace("_", " "), f"{finding.count:,}", ", ".join(finding.examples))
    for reason, count in found.rejects.items():
        flaws.add_row(f"rejected: {reason}", f"{count:,}", "")
    common = ", ".join(f"{a.name} {a.share:.0%}" for a in found.attributes[:12])
    parts: list[RenderableType] = [head, "", coverage]
    if flaws.rows:
        parts += ["", flaws]
    if common:
        parts += ["", Text.assemble(("Common attributes: ", "dim"), common)]
    return Group(*parts)


def index_report(report: "IndexReport", target: str, rejects: Path | None) -> RenderableType:
    """What a build did."""
    rate = report.indexed / report.seconds if report.seconds else 0.0
    lines = [
        Text.assemble(
            ("✓ ", "green"),
            (f"{report.indexed:,}", "bold"),
            f" products searchable in {report.seconds:.1f} s ({rate:,.0f}/s)",
        )
    ]
    if report.reused:
        lines.append(Text(f"  {report.reused:,} unchanged, not encoded again", style="dim"))
    if report.rejected:
        where = f"; see {rejects}" if rejects else "; --rejects FILE says which and why"
        lines.append(Text(f"  {report.rejected:,} rows rejected{where}", style="yellow"))
    hint = f"aisle search --index {quote(target)} QUERY" if target != "demo.index" else "aisle search QUERY"
    lines.append(Text(f"  try: {hint}", style="dim"))
    return Group(*lines)


def models_table(models: "Sequence[Listed]") -> RenderableType:
    """Known models, and which are cached."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("Model", "Kind", "Size", "Licence", "Here", "About"):
        table.add_column(column, no_wrap=column != "About")
    for model in models:
        if model.damage:
            here = Text(model.damage, style="red")
        else:
            here = Text("✓", style="green") if model.folder else Text("-", style="dim")
        size = f"{model.artifact.size >> 20} MB"
        artifact = model.artifact
        table.add_row(artifact.name, artifact.kind, size, artifact.licence, here, artifact.description)
    return table


def datasets_table(found: "Sequence[Dataset]") -> RenderableType:
    """Data sets that can be fetched."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("Data set", "Licence", "About"):
        table.add_column(column, no_wrap=column != "About")
    for one in found:
        table.add_row(one.name, one.licence, one.about)
    return table


@contextmanager
def progress() -> "Iterator[Callable[[Progress], None]]":
    """A bar with rate and time left while an index is built."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=stderr, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def advance(now: "Progress") -> None:
            if now.step not in tasks:
                for earlier in tasks.values():
                    bars.update(earlier, visible=False)
                tasks[now.step] = bars.add_task(now.step, total=now.total, rate="")
            speed = bars.tasks[-1].speed
            rate = f"{speed:,.0f}/s" if speed else ""
            bars.update(tasks[now.step], completed=now.done, total=now.total, rate=rate)

        yield advance


@contextmanager
def download(name: str) -> Iterator[Callable[[int], None]]:
    """Bytes received while something is fetched."""
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn())
    with Progress(*columns, console=stderr, transient=True) as bars:
        task = bars.add_task(name, total=None)
        yield lambda count: bars.advance(task, count)


@contextmanager
def reject_file(path: Path | None) -> "Iterator[Callable[[Reject], None]]":
    """Collects rejected rows as JSON lines; without a path they are only counted.

    The file is replaced at the end: an earlier one stays if the run fails, and may not be the feed itself.
    """
    if path is None:
        yield lambda reject: None
        return
    partial = path.with_name(f"{path.name}.partial")
    try:
        file = partial.open("w", encoding="utf-8")
    except OSError as error:
        raise InvalidQuery(f"cannot write {path} ({error.strerror})") from error
    try:
        with file:
            yield lambda reject: print(reject.model_dump_json(), file=file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _repaired(results: "Results", query: str) -> list[RenderableType]:
    if results.repair is None:
        return []
    searched, written = repr(results.repair.query), repr(query)
    line = Text.assemble(
        "Searched for ", (searched, "bold"), f"; search instead for {written} with --no-repair"
    )
    return [line, ""]


def _product(hit: "Hit") -> Text:
    product = hit.product
    text = Text(product.title, style="bold")
    others = f"{len(hit.variants)} more variant{'s' * (len(hit.variants) > 1)}" if hit.variants else None
    detail = [product.brand, product.categories[-1] if product.categories else None, product.id, others]
    text.append("\n" + " · ".join(part for part in detail if part), style="dim not bold")
    for check in hit.receipt:
        mark, style = MARKS[check.verdict]
        proof = f" ({check.evidence})" if check.evidence else " (not stated)"
        text.append(f"\n{mark} ", style=f"{style} not bold")
        text.append(f"{check.requirement}{proof}", style="dim not bold")
    return text


def _price(product: "Product") -> Text:
    from catalog.price import format_money

    if product.price is None:
        return Text("-", style="dim")
    text = Text(format_money(product.price))
    if product.list_price and product.list_price.amount > product.price.amount:
        text.append("\n" + format_money(product.list_price), style="dim strike")
    return text


def _rating(product: "Product") -> Text:
    if product.rating is None:
        return Text("-", style="dim")
    text = Text(f"★ {product.rating.value:.1f}", style="yellow")
    if product.rating.count is not None:
        text.append(f" ({product.rating.count:,})", style="dim")
    return text


def _stock(product: "Product") -> Text:
    label, style = STOCK[product.availability]
    return Text(label, style=style)
