"""How people ask, held out: the share of 200 wordings whose numbers and exclusions are read exactly.

No rule may be written while looking at this file or at `wordings.jsonl`: look at the shares, not the lines.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.plan import constraints
from agent.reading.lexis import Lexis
from agent.reading.parse import parse
from catalog.demo.tables import brands
from ranking.records import Search
from ranking.words import telling, words

NUMBERS_RIGHT = 0.94  # of all lines, so that a bound nobody asked for counts as much as a missed one
EXCLUSIONS_RIGHT = 0.7  # of the lines where the gold or the reading excludes something

NUMERIC = ("price_min", "price_max", "rating_min", "rating_max", "reviews_min", "reviews_max")
WORDINGS = [
    json.loads(line)
    for line in Path(__file__).with_name("wordings.jsonl").read_text(encoding="utf-8").splitlines()
]


def read(utterance: str, lexis: Lexis) -> dict[str, Any]:
    reading = parse(utterance, lexis)
    return constraints(Search(where=reading.where, without=reading.without))


def numbers(asked: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(asked[name]) for name in NUMERIC if name in asked}


def exclusions(asked: Mapping[str, Any]) -> set[str]:
    """The excluded things, whatever their case, number and articles."""
    return {" ".join(telling(words(thing))) for thing in asked.get("exclude", ())}


def share_right(pairs: list[tuple[str, object, object]]) -> tuple[float, str]:
    """The share of (utterance, gold, read) that agree, and the others one a line."""
    wrong = [f"{utterance!r}: {gold}, read {got}" for utterance, gold, got in pairs if gold != got]
    return 1 - len(wrong) / len(pairs), "\n".join(
        ["", f"{len(wrong)} of {len(pairs)} lines are wrong", *wrong]
    )


def test_the_set_is_well_formed() -> None:
    utterances = {" ".join(line["utterance"].casefold().split()) for line in WORDINGS}
    assert len(WORDINGS) == len(utterances) == 200
    for line in WORDINGS:
        gold = line["gold"]
        assert set(gold) <= {*NUMERIC, "exclude", "brands"}, line
        assert set(gold.get("brands", ())) <= set(brands()), line
        for kind in ("price", "rating", "reviews"):
            assert gold.get(f"{kind}_min", 0) <= gold.get(f"{kind}_max", float("inf")), line


def test_the_numbers_are_read_exactly(lexis: Lexis) -> None:
    share, failures = share_right(
        [
            (line["utterance"], numbers(line["gold"]), numbers(read(line["utterance"], lexis)))
            for line in WORDINGS
        ]
    )
    assert share >= NUMBERS_RIGHT, failures


def test_the_exclusions_are_read(lexis: Lexis) -> None:
    pairs = [
        (line["utterance"], exclusions(line["gold"]), exclusions(read(line["utterance"], lexis)))
        for line in WORDINGS
    ]
    share, failures = share_right([pair for pair in pairs if pair[1] or pair[2]])
    assert share >= EXCLUSIONS_RIGHT, failures


@pytest.mark.skipif(not os.environ.get("AISLE_TEST_DATA"), reason="AISLE_TEST_DATA names no measuring data")
def test_the_development_requests_are_read_exactly(lexis: Lexis) -> None:
    path = Path(os.environ["AISLE_TEST_DATA"]) / "constraints" / "constraints-dev.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    share, failures = share_right(
        [(line["utterance"], line["gold"], numbers(read(line["utterance"], lexis))) for line in lines]
    )
    assert share >= 0.97, failures
