"""The report file: complete, self-contained, and deaf to what product text tells it."""

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.errors import InvalidQuery
from eval import plots
from eval.compare import compare
from eval.report import render, write_report
from tests.eval.report_sample import HOSTILE, NEW, OLD, QUERIES, comparison, details


class Elements(HTMLParser):
    """Every element with its attributes, and the text inside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.raw: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.raw[self.cdata_elem] = self.raw.get(self.cdata_elem, "") + data
        else:
            self.text.append(data)

    def of(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.found if name == tag)

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.found if name in (attrs.get("class") or "").split()]


@pytest.fixture(scope="module")
def html() -> str:
    return render(comparison(), details())


@pytest.fixture(scope="module")
def page(html: str) -> Elements:
    return Elements(html)


def test_product_and_query_text_is_shown_and_never_obeyed(html: str, page: Elements) -> None:
    assert HOSTILE in page.text
    assert html.count("<script") == 1
    assert not list(page.of("img"))
    assert not [name for _, attrs in page.found for name in attrs if name.startswith("on")]


def test_nothing_points_out_of_the_file(page: Elements) -> None:
    addresses = [
        attrs[name] or ""
        for _, attrs in page.found
        for name in ("src", "href", "action", "data", "srcset", "poster")
        if name in attrs
    ]
    assert addresses
    assert all(re.fullmatch(r"#q\d+", address) for address in addresses)
    assert "url(" not in page.raw["style"]
    assert "@import" not in page.raw["style"]


def test_the_policy_allows_this_script_and_this_style_only(page: Elements) -> None:
    policy = next(attrs["content"] for attrs in page.of("meta") if "http-equiv" in attrs)
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.raw[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_every_query_is_there_and_every_bar_leads_to_one(page: Elements) -> None:
    anchors = {attrs["id"] for attrs in page.of("details")}
    assert len(anchors) == len(QUERIES)
    assert {attrs["href"] for attrs in page.of("a")} == {f"#{anchor}" for anchor in anchors}


def test_products_carry_title_brand_price_and_grade(page: Elements) -> None:
    words = [text.strip() for text in page.text]
    assert {"Leather belt", "Acme", "$19.99", "gone", "not in the catalogue"} <= set(words)
    titles = [attrs.get("title") for attrs in page.of_class("grade")]
    assert titles.count("grade 3 Exact") == 2 * 13  # p1 in both runs, for all queries but the last
    assert titles.count("grade 0 Irrelevant") == 13
    assert titles.count("grade 1") == 2 * 13
    assert titles.count("not judged") == 13  # what is gone


def test_a_query_says_how_many_of_the_relevant_products_are_shown(html: str) -> None:
    """Relevant are p1 and one that no run returned; p3 has a grade, but below what counts as relevant."""
    assert html.count("1 of 2 relevant") == 2 * 13
    assert html.count("0 of 2 relevant") == 2


def test_moves_are_told_from_the_first_run(page: Elements) -> None:
    """p3 rises from third to first, p1 falls from first to second, "gone" is new."""
    moves = [(attrs["class"], attrs.get("aria-label")) for attrs in page.of_class("move")]
    assert moves[:3] == [("move rose", "up 2"), ("move fell", "down 1"), ("move new", None)]
    assert len(moves) == 3 * 13


def test_latency_is_shown_for_runs_that_were_timed(page: Elements) -> None:
    """Of 0 to 13 ms the median is 6.5, and 95% of the way lies 12.35."""
    words = [text.strip() for text in page.text]
    assert "6.5 ms" in words
    assert "12.3 ms" in words
    assert "no timings" in words


def test_without_timings_there_is_no_latency_plot() -> None:
    untimed = details().model_copy(update={"latencies": {}})
    assert "latency" in render(comparison(), details()).lower().split("<main>")[1]
    assert "latency" not in render(comparison(), untimed).lower().split("<main>")[1].split("<script>")[0]


def test_a_small_slice_is_not_judged(html: str) -> None:
    cards = re.findall(r"<article.*?</article>", html, re.S)
    assert ["too few queries to judge" in card for card in cards] == [False, True]


def test_only_the_most_different_of_many_queries_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.report.MOST_QUERIES", 3)
    page = Elements(render(comparison(), details()))
    shown = {attrs["id"] for attrs in page.of("details")}
    targets = [attrs["href"] for attrs in page.of("a")]
    assert shown == {"q0", "q1", "q2"}
    assert len(targets) == len(QUERIES)  # the plot has them all
    assert set(targets) == {"#q0", "#q1", "#q2", "#queries"}


def test_a_query_without_details_is_refused() -> None:
    more = compare({"old": OLD | {"q99": 1.0}, "new": NEW | {"q99": 0.0}}, slices={}, metric="P@10")
    with pytest.raises(InvalidQuery, match="lack 1 compared query, q99"):
        render(more, details())


def test_a_place_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidQuery, match=r"cannot write .*missing"):
        write_report(tmp_path / "missing" / "report.html", comparison(), details())


@pytest.mark.parametrize(
    ("values", "ticks"),
    [([0.0, 1.0], ["0.0", "0.5", "1.0"]), ([0.58, 0.64], ["0.58", "0.60", "0.62", "0.64"])],
)
def test_ticks_are_round_numbers(values: list[float], ticks: list[str]) -> None:
    scale = plots.axis(values, ticks=4)
    assert [scale.text(tick) for tick in scale.ticks] == ticks
    assert scale.at(scale.low) == 0
    assert scale.at(scale.high) == 100


def test_bars_fall_from_left_to_right_and_are_sampled_when_too_many() -> None:
    bars = [plots.Bar(f"q{i}", f"query {i}", i / 1000 - 0.5) for i in range(1001)]
    drawn = plots.difference_bars(bars, "many", hues=(0, 1))
    targets = [int(number) for number in re.findall(r'href="#q(\d+)"', drawn)]
    assert len(targets) == plots.MOST_BARS
    assert targets == sorted(targets, reverse=True)
    assert (targets[0], targets[-1]) == (1000, 0)
