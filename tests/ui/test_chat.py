"""`aisle chat` as people and scripts meet it: in a pipe, in a terminal, and put through a file."""

import json
import os
import pty
import re
import select
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from agent.dialogue.state import State
from agent.plan import Intent, Plan
from agent.steps import Answered, Asked, Failed, Option, Searched, Step, Understood
from catalog.index import ProductIndex
from catalog.product import Money, Product
from catalog.where import Where, Without
from core.trace import Trace
from ranking.pipeline import Ranker, rank
from ranking.records import Group, Hit, Results, Search
from tools.comparison import Comparison, Row
from ui.chat_turn import Turn, line
from ui.chat_view import reply
from ui.plan_view import understood

ROOT = Path(__file__).parent.parent.parent


def usd(amount: float) -> Money:
    return Money(amount=round(amount * 100), currency="USD")


def environment(**more: str) -> dict[str, str]:
    """What a shell gives a program, and nothing that chooses another ranking."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "AISLE_RERANKER": "none", **more}


def chat(*arguments: str, cwd: Path, said: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ui.cli", "chat", *arguments],
        cwd=cwd, env=environment(**env), input=said, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo catalogue's index."""
    folder = tmp_path_factory.mktemp("shop")
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "index", "demo", "--json"],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_a_script_gives_plan_products_reply_and_times_of_every_turn(shop: Path) -> None:
    script = shop / "script.jsonl"
    lines = [
        {"id": "one", "turns": ["electric kettle", "under $60", "hello"]},
        {"id": "two", "turns": ["belt without buckle"], "query": "belt without buckle"},
    ]
    script.write_text("\n".join(map(json.dumps, lines)))
    done = chat("--script", str(script), "--limit", "3", cwd=shop)
    assert done.returncode == 0, done.stderr
    one, two = map(json.loads, done.stdout.splitlines())
    assert [one["id"], two["id"]] == ["one", "two"]
    first, second, hello = one["turns"]
    assert first["utterance"] == "electric kettle"
    assert first["plan"]["intent"] == "find"
    assert second["plan"]["constraints"] == {"price_max": 60.0}
    assert second["plan"]["queries"] == ["electric kettle"]
    assert len(first["results"]) == 3
    assert hello["results"] == []
    assert hello["answer"]
    assert two["turns"][0]["plan"]["constraints"] == {"exclude": ["buckle"]}
    for turn in [*one["turns"], *two["turns"]]:
        assert list(turn) == ["utterance", "plan", "results", "answer", "timings_ms"]
        assert 0 < turn["timings_ms"]["first_results"] <= turn["timings_ms"]["total"]


def test_a_pipe_is_a_conversation(shop: Path) -> None:
    said = "belt without buckle under $40\n/plan\n/history\n/new\n/history\n/dance\n"
    done = chat(cwd=shop, said=said, NO_COLOR="1")
    assert done.returncode == 0, done.stderr
    assert "> belt without buckle under $40" in done.stdout
    assert "✓ without buckle" in done.stdout
    assert re.search(r"price max +40", done.stdout)
    assert "Nothing has been said yet." in done.stdout.partition("A new conversation.")[2]
    assert "/dance: not one of /help" in done.stderr
    assert done.stdout.rstrip().endswith("Goodbye.")
    assert "\x1b[" not in done.stdout


def test_a_pipe_with_json_is_nothing_but_a_line_per_turn(shop: Path) -> None:
    done = chat("--json", cwd=shop, said="electric kettle\nunder $60\n")
    turns = [json.loads(text) for text in done.stdout.splitlines()]
    assert [turn["utterance"] for turn in turns] == ["electric kettle", "under $60"]
    assert all(turn["results"] for turn in turns)


def test_a_conversation_that_was_kept_goes_on(shop: Path) -> None:
    kept = shop / "kept.json"
    chat("--save", str(kept), cwd=shop, said="electric kettle\n")
    before = State.model_validate_json(kept.read_bytes())
    assert [turn.utterance for turn in before.history] == ["electric kettle"]
    done = chat("--save", str(kept), "--json", cwd=shop, said="under $60\n")
    assert json.loads(done.stdout)["plan"]["queries"] == ["electric kettle"]
    after = State.model_validate_json(kept.read_bytes())
    assert [turn.utterance for turn in after.history] == ["electric kettle", "under $60"]
    assert not list(shop.glob(".kept*"))


@pytest.mark.parametrize("damage", ["", "{", '{"history": 7}', "[]", "\x00\x01"])
def test_a_damaged_file_is_said_and_left_as_it_is(shop: Path, damage: str) -> None:
    kept = shop / "damaged.json"
    kept.write_text(damage)
    done = chat("--save", str(kept), cwd=shop, said="kettle\n")
    assert done.returncode == 1
    assert "not a conversation that was kept here" in done.stderr
    assert done.stdout == ""
    assert kept.read_text() == damage


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--script", "nothing.jsonl"], 1, "no file at nothing.jsonl"),
        (["--script", "bad.jsonl"], 1, "bad.jsonl:1"),
        (["--script", "bad.jsonl", "--save", "x.json"], 2, "--save keeps one conversation"),
        (["--save", "no/such/folder.json"], 2, "cannot write no/such/folder.json"),
        (["--save", "."], 1, "cannot read ."),
        (["--limit", "0"], 2, "--limit"),
        (["--index", "nowhere.index"], 1, "no index at nowhere.index"),
    ],
)
def test_wrong_use_is_one_line(shop: Path, arguments: list[str], status: int, says: str) -> None:
    (shop / "bad.jsonl").write_text("{not json}\n")
    done = chat(*arguments, cwd=shop, said="kettle\n")
    assert done.returncode == status, done.stderr
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


class Terminal:
    """The command in a terminal of its own, typed into and read like a person would."""

    def __init__(self, cwd: Path, columns: int = 80) -> None:
        self.screen, inside = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ui.cli", "chat"],
            cwd=cwd, stdin=inside, stdout=inside, stderr=inside, close_fds=True, start_new_session=True,
            env=environment(COLUMNS=str(columns), TERM="xterm", NO_COLOR="1"),
            preexec_fn=_own_the_terminal,  # noqa: PLW1509  Ctrl-C reaches whoever owns it
        )  # fmt: skip
        os.close(inside)

    def until(self, text: str) -> str:
        """What the screen says up to a text."""
        seen = ""
        while text not in seen:
            ready, _, _ = select.select([self.screen], [], [], 60)
            assert ready, f"waited for {text!r}, saw {seen!r}"
            seen += os.read(self.screen, 65536).decode("utf-8", "replace")
        return seen

    def press_until(self, key: str, text: str) -> None:
        """Press a key, and again while nothing happens: readline can miss a signal before it listens."""
        for _ in range(12):
            self.type(key)
            if select.select([self.screen], [], [], 5)[0]:
                break
        self.until(text)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.screen, keys.encode())


def _own_the_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_a_terminal_is_left_politely(shop: Path, key: str) -> None:
    terminal = Terminal(shop)
    terminal.until("> ")
    terminal.type("electric kettle\n")
    assert "kettle" in terminal.until("\n\r\n> ").lower()
    terminal.press_until(key, "Goodbye.")
    assert terminal.process.wait(60) == 0
    os.close(terminal.screen)


def hits(index: ProductIndex, query: str, **asked: object) -> Results:
    request = Search.model_validate({"query": query, "planned": True, "limit": 4, **asked})
    return rank(index, request, Ranker(None))


def turn(results: Results | None, *more: Step, text: str = "Here.", **answered: object) -> Turn:
    shown = tuple(hit.product.id for hit in results.hits) if results else ()
    steps: list[Step] = [Understood(plan=Plan(intent=Intent.FIND), ms=1)]
    if results:
        steps.append(Searched(results=results, final=True, ms=2))
    end = Answered.model_validate({"text": text, "state": State(shown=shown), "ms": 4, **answered})
    return Turn(utterance="x", steps=(*steps, *more, end))


def drawn(shown: Turn, width: int) -> str:
    console = Console(width=width, record=True, file=StringIO(), highlight=False)
    console.print(reply(shown, width))
    return console.export_text()


@pytest.mark.parametrize("width", [120, 80, 64, 40, 28])
def test_no_line_is_wider_than_the_terminal(demo_index: ProductIndex, width: int) -> None:
    results = hits(demo_index, "belt", without=Without(terms=("buckle",)), where=Where(price_max=usd(40)))
    page = drawn(turn(results), width)
    assert max(map(len, page.splitlines())) <= width
    for hit in results.hits:
        assert hit.product.title.split()[0] in page
        assert hit.product.price is None or f"${hit.product.price.amount / 100:,.2f}" in page
    assert "✓ without buckle" in page


def test_products_are_numbered_as_the_shopper_can_name_them(demo_index: ProductIndex) -> None:
    tents, stoves = hits(demo_index, "tent"), hits(demo_index, "camping stove")
    groups = tuple(
        Group(label=label, search=Search(query=label), hits=found.hits[:2])
        for label, found in (("tents", tents), ("stoves", stoves))
    )
    mixed = tuple(hit for pair in zip(groups[0].hits, groups[1].hits, strict=True) for hit in pair)
    both = Results(hits=mixed, groups=groups, trace=Trace(total_ms=1))
    page = drawn(turn(both), 80)
    found = re.findall(r"^ *(?:(\d) +)?(\w+).*$", page, re.MULTILINE)
    assert [number for number, _ in found if number] == ["1", "3", "2", "4"]
    assert page.index("tents") < page.index(groups[0].hits[0].product.title[:12]) < page.index("stoves")


def test_what_is_offered_has_letters(demo_index: ProductIndex) -> None:
    colors = (Option(label="red", count=1200, say="red"), Option(label="blue", count=3, say="blue"))
    question = Asked(question="Which color?", facet="color", options=colors, ms=3)
    offers = (Option(label="under $25", count=4, say="under $25"),)
    page = drawn(turn(hits(demo_index, "kettle"), question, offers=offers), 80)
    below = page.partition("Which color?")[2]
    assert re.findall(r"^ +(\w) +(.*?) +([\d,]+) *$", below, re.MULTILINE) == [
        ("a", "red", "1,200"),
        ("b", "blue", "3"),
        ("c", "under $25", "4"),
    ]


@pytest.mark.parametrize("width", [80, 40])
def test_a_comparison_marks_what_is_better(width: int) -> None:
    products = tuple(Product(id=str(n), title=f"Kettle {n}") for n in range(4))
    row = Row(name="price", values=("$24", "$39", None, "$31"), best=(0,))
    page = drawn(turn(None, comparison=Comparison(products=products, rows=(row,))), width)
    assert page.count("◂") == 1
    assert "$24 ◂" in page
    assert max(map(len, page.splitlines())) <= width


def test_a_failure_is_said_and_is_an_error_for_scripts() -> None:
    failed = Turn(utterance="x", steps=(Failed(problem="the server is gone", state=State(), ms=3),))
    assert "the server is gone" in drawn(failed, 80)
    assert line(failed, 10).document() == {
        "utterance": "x",
        "plan": None,
        "results": [],
        "answer": "",
        "timings_ms": {"first_results": 3.0, "total": 3.0},
        "error": "the server is gone",
    }


def test_square_brackets_in_a_title_are_text() -> None:
    hit = Hit(product=Product(id="1", title="Lamp [/red] [bold]"), score=1)
    assert "Lamp [/red] [bold]" in drawn(turn(Results(hits=(hit,), trace=Trace(total_ms=1))), 80)


def test_a_plan_of_several_searches_is_told_as_one() -> None:
    tent = Search(query="tent", where=Where(price_max=usd(100), attributes={"color": ("red",)}))
    stove = Search(
        query="stove",
        where=Where(price_max=usd(50), attributes={"color": ("blue",)}),
        without=Without(terms=("gas",)),
    )
    short = understood(Plan(intent=Intent.BUNDLE, searches=(tent, stove), budget=usd(120)))
    assert short.queries == ("tent", "stove")
    assert short.constraints == {
        "price_max": 100.0,
        "attributes": {"color": ["red", "blue"]},
        "exclude": ["gas"],
    }
    only_budget = Plan(intent=Intent.BUNDLE, searches=(Search(query="tent"),), budget=usd(120))
    assert understood(only_budget).constraints == {"price_max": 120.0}
