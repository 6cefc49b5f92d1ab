"""The `aisle` command: reads arguments, calls one function, prints what it returns.

Nothing heavy is imported before a command needs it, so that `aisle --help` answers at once.
"""

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import AisleError, InvalidQuery, InvalidSettings
from core.settings import Settings, load_settings
from ranking.records import Sort
from ui import console
from ui.bench_view import bench
from ui.chat_command import chat
from ui.eval_commands import eval_app
from ui.keys_command import keys_app
from ui.log_command import log_app
from ui.mcp_command import mcp
from ui.options import Diversity, Excluded, Explain, Index, Json, Order, Unrepaired
from ui.plan_command import plan
from ui.serve_command import serve
from ui.tools_command import tools_app
from ui.train_commands import train_app

if TYPE_CHECKING:
    from catalog.indexing import Feed

STOPPED = "stopped; nothing is lost, the same command goes on from here"

app = typer.Typer(
    name="aisle",
    help="Conversational shopping search that keeps its promises.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
models_app = typer.Typer(help="Model files: what is known, what is here.", no_args_is_help=True)
datasets_app = typer.Typer(help="Public product data sets.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(datasets_app, name="datasets")
app.add_typer(eval_app, name="eval")
app.add_typer(train_app, name="train")
app.add_typer(tools_app, name="tools")
app.add_typer(log_app, name="log")
app.add_typer(keys_app, name="keys")
app.command()(bench)
app.command()(chat)
app.command()(plan)
app.command()(mcp)
app.command()(serve)


@app.command()
def index(
    source: Annotated[
        str, typer.Argument(help="Feed file or folder; [bold]demo[/] is the built-in catalogue.")
    ],
    feed_format: Annotated[str, typer.Option("--format", help="Format of the feed.")] = "auto",
    columns: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Which column holds a field.")
    ] = None,
    rejects: Annotated[Path | None, typer.Option(help="Write unusable rows here, as JSON lines.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only report how ready the feed is.")] = False,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Make a feed searchable."""
    settings = load_settings(index=at)
    if rejects and rejects.resolve() == Path(source).resolve():
        raise InvalidQuery(f"--rejects {rejects} would overwrite the feed; name another file")
    feed = _feed(source, feed_format, _mapping(columns or []), settings)
    if check:
        from catalog.readiness import readiness

        report = readiness(feed())
        console.show(report, as_json, console.readiness_report)
        return
    from catalog.encoder import open_encoder
    from catalog.index import open_home
    from catalog.indexing import build_index

    try:
        with console.reject_file(rejects) as on_reject, console.progress() as on_progress:
            done = build_index(
                feed,
                open_home(settings),
                open_encoder(settings, on_progress=console.note),
                on_reject=on_reject,
                on_progress=on_progress,
            )
    except KeyboardInterrupt:
        console.failure(STOPPED)
        raise typer.Exit(130) from None
    console.show(done, as_json, lambda report: console.index_report(report, settings.index, rejects))


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What you are looking for.")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many products.")] = 10,
    system: Annotated[str, typer.Option(help="bm25, dense, hybrid, rerank or full.")] = "full",
    brand: Annotated[list[str] | None, typer.Option(help="Only this brand; may be repeated.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="Only this category; may be repeated.")] = None,
    price_min: Annotated[float | None, typer.Option(help="Lowest price.")] = None,
    price_max: Annotated[float | None, typer.Option(help="Highest price.")] = None,
    rating_min: Annotated[float | None, typer.Option(help="Lowest rating, in stars.")] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Only with this attribute; may be repeated."),
    ] = None,
    available: Annotated[bool, typer.Option("--available", help="Only what can be bought now.")] = False,
    without: Excluded = None,
    sort: Order = Sort.RELEVANCE,
    diversity: Diversity = 0.0,
    no_repair: Unrepaired = False,
    explain: Explain = False,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Search the index."""
    settings = load_settings(index=at)
    from pydantic import ValidationError

    from agent.reader import ranker_for
    from catalog.index import open_index
    from catalog.price import parse_money
    from catalog.where import Where, Without
    from ranking.records import Search
    from ranking.systems import search as run

    def money(option: str, amount: float | None) -> Any:
        price = None if amount is None else parse_money(amount, settings.currency)
        if price is None and amount is not None:
            raise InvalidQuery(f"{option} {amount:g}: not a price")
        return price

    try:
        where = Where(
            brands=tuple(brand or ()),
            categories=tuple(category or ()),
            price_min=money("--price-min", price_min),
            price_max=money("--price-max", price_max),
            rating_min=rating_min,
            attributes=_attributes(attribute or []),
            available_only=available,
        )
        request = Search(
            query=query,
            where=where,
            without=Without(terms=_terms(without or [])),
            sort=sort,
            diversity=diversity,
            repair=not no_repair,
            limit=limit,
        )
    except ValidationError as error:
        raise InvalidQuery(console.validation_message(error)) from error
    opened = open_index(settings)
    try:
        results = run(opened, request, system, ranker_for(system, settings, console.note))
    finally:
        opened.close()
    console.show(results, as_json, lambda found: console.results_table(found, query))
    if explain and not as_json:
        from ui.explain_view import explanation

        console.show(results, as_json, explanation)


@models_app.command("list")
def models_list(as_json: Json = False) -> None:
    """List the models Aisle knows and which are here."""
    from core.artifacts import listing

    console.show_all(listing(load_settings().cache), as_json, console.models_table)


@models_app.command("pull")
def models_pull(
    names: Annotated[list[str], typer.Argument(help="Names from the list, or Hugging Face ids.")],
    as_json: Json = False,
) -> None:
    """Fetch models and verify them."""
    from core.artifacts import pull

    settings = load_settings()
    for name in names:
        path = pull(name, settings, console.note)
        console.show_fetched(name, path, as_json)


@datasets_app.command("get")
def datasets_get(
    name: Annotated[str, typer.Argument(help="icecat, esci_us, esci, wands or demo.")],
    source: Annotated[Path | None, typer.Option("--from", help="A folder that has it already.")] = None,
    to: Annotated[Path, typer.Option(help="Where data sets are kept.")] = Path("data"),
    as_json: Json = False,
) -> None:
    """Fetch a data set, or take it from a folder."""
    from catalog import datasets, demo

    target = to / name
    if name == "demo" and source is not None:
        raise InvalidQuery("the demo catalogue is built in; leave --from out")
    if name == "demo":
        with datasets.writing(target):
            demo.write(target)
    elif source is not None:
        datasets.copy(datasets.dataset(name).name, source, target)
    else:
        with console.download(name) as on_bytes:
            datasets.fetch(datasets.dataset(name), target, on_bytes)
    console.show_fetched(name, target, as_json)


@datasets_app.command("list")
def datasets_list(as_json: Json = False) -> None:
    """List the data sets Aisle can fetch."""
    from catalog.datasets import DATASETS

    console.show_all(list(DATASETS.values()), as_json, console.datasets_table)


def main() -> None:
    """Run the command; every failure is one line on stderr and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a star still gets the results
    try:
        app()
    except AisleError as error:
        console.failure(str(error))
        sys.exit(2 if isinstance(error, InvalidQuery | InvalidSettings) else 1)
    except OSError as error:
        console.failure(f"cannot write the output ({error.strerror or error})")
        sys.exit(1)
    except KeyboardInterrupt:
        console.failure(STOPPED)
        sys.exit(130)


def _feed(source: str, feed_format: str, columns: dict[str, str], settings: Settings) -> "Feed":
    if source == "demo" and not Path(source).exists():
        from catalog.demo import products

        return products
    from catalog.feeds import read_feed

    path = Path(source)
    return lambda: read_feed(path, format=feed_format, columns=columns, currency=settings.currency)


def _mapping(pairs: list[str]) -> dict[str, str]:
    return dict(_pair(pair, "--map", "title=name") for pair in pairs)


def _attributes(pairs: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for text in pairs:
        name, value = _pair(text, "--attribute", "color=red")
        found[name] = (*found.get(name, ()), value)
    return found


def _terms(texts: list[str]) -> tuple[str, ...]:
    if not all(text.strip() for text in texts):
        raise InvalidQuery("--without: name what a product must not have, for example --without buckle")
    return tuple(text.strip() for text in texts)


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (separator and name.strip() and value.strip()):
        raise InvalidQuery(f"{option} {text}: write it as NAME=VALUE, for example {option} {example}")
    return name.strip(), value.strip()


if __name__ == "__main__":
    main()
