"""The blend's file, its sums, and what fitting finds."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelDamaged
from ranking.blend import Blend, blended, heeded, load_blend
from ranking.features import CROSS, EXCLUDED, FEATURES
from ranking.training.blend_training import final_scores, fit_blend, out_of_fold
from ranking.training.examples import Example, folds

RNG = np.random.default_rng(3)


def example(number: int, telling: str = "coverage", size: int = 20) -> Example:
    """A query whose relevant candidates are those with the highest value of one feature."""
    columns = {name: RNG.normal(size=size) for name in FEATURES} | {EXCLUDED: np.zeros(size)}
    best = np.argsort(-columns[telling])[:3]
    gains = np.zeros(size)
    gains[best] = 1.0
    return Example(
        source="made",
        query_id=str(number),
        text=f"query {number}",
        ids=tuple(map(str, range(size))),
        columns=columns,
        passages=("",) * size,
        gains=gains,
    )


def test_the_shipped_blend_fits_this_version() -> None:
    blend = load_blend()
    assert set(blend.before) == set(FEATURES)
    assert set(blend.after) == {*FEATURES, CROSS}


def test_a_blend_of_other_features_is_refused_with_the_way_out(tmp_path: Path) -> None:
    stored = json.loads(load_blend().model_dump_json())
    stored["before"]["zodiac"] = stored["before"].pop("rrf")
    (tmp_path / "blend.json").write_text(json.dumps(stored))
    with pytest.raises(ModelDamaged, match=r"rrf, zodiac.*aisle train blend"):
        load_blend(tmp_path / "blend.json")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"format": 9, "before": {}, "after": {}}', b"\xff\xfe"]
)
def test_a_damaged_blend_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "blend.json").write_bytes(content)
    with pytest.raises(ModelDamaged):
        load_blend(tmp_path / "blend.json")


def test_fitting_finds_the_feature_that_tells_and_repeats_itself() -> None:
    made = [example(n) for n in range(30)]
    fitted = fit_blend(made)
    assert max(fitted.before, key=lambda name: abs(fitted.before[name])) == "coverage"
    assert fitted.before["coverage"] > 0.5
    assert fit_blend(made) == fitted


def test_a_cross_encoder_that_knows_is_listened_to() -> None:
    made = [example(n, telling="stars") for n in range(30)]
    crossed = [e.gains * 2 - 1 for e in made]
    fitted = fit_blend(made, crossed)
    assert max(fitted.after, key=lambda name: fitted.after[name]) == CROSS


def test_held_out_scores_come_from_weights_that_never_saw_the_query() -> None:
    """A feature that is only right for one query cannot help that query."""
    made = [example(n) for n in range(12)]
    odd = example(99, telling="stars")
    scores = out_of_fold([*made, odd], count=13)[-1]
    expected = final_scores(odd, fit_blend(made))
    assert scores == pytest.approx(expected, abs=1e-6)


def test_the_same_words_are_never_on_both_sides() -> None:
    made = [example(n % 5) for n in range(20)]
    found = folds(made, 3)
    assert all(
        len({f for e, f in zip(made, found, strict=True) if e.text == t}) == 1 for t in {e.text for e in made}
    )
    assert len(set(found)) == 3


def test_what_has_the_unwanted_comes_last_and_what_says_it_has_not_gains() -> None:
    scores = np.array([3.0, 2.0, 1.9, 0.0])
    heard = heeded(scores, np.array([1.0, 0.0, -1.0, 1.0]))
    assert np.argsort(-heard).tolist() == [2, 1, 0, 3]
    assert heeded(scores, np.zeros(4)) is scores


def test_what_was_not_read_stays_behind_what_was() -> None:
    made = example(1, size=80)
    weights = Blend(before=load_blend().before, after={**load_blend().before, CROSS: 1.0})
    scores = final_scores(made, weights, RNG.normal(size=80))
    before = np.argsort(-blended(made.columns, weights.before), kind="stable")
    assert set(np.argsort(-scores, kind="stable")[:50]) == set(before[:50])
    assert list(np.argsort(-scores, kind="stable")[50:]) == list(before[50:])
