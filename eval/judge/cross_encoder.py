"""The judges that need no language model: cross-encoder, sentence vectors, words, and all of them together.

Each is some columns of `evidence` with a calibration, one for each scale of grades. Those that are shipped
were fitted to the development queries of two data sets; with labels of one's own, fit another.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from catalog.encoder import Encoder
from catalog.index import ProductIndex
from core.errors import InvalidQuery, InvalidSettings, ModelDamaged
from core.record import Record
from eval.judge.calibrated import CalibratedJudge
from eval.judge.calibration import Learned, Stored
from eval.judge.evidence import ALONE, COLUMNS, CROSS, MEANING, VERSION, WORDS, Evidence
from ranking.features import EXCLUDED
from ranking.reranker import Reranker

SHIPPED = Path(__file__).with_name("calibrations.json")

KINDS: Mapping[str, tuple[str, ...]] = {
    "cross-encoder": CROSS,
    "bi-encoder": MEANING,
    "lexical": (*WORDS, *(name for name in ALONE if name != EXCLUDED)),
    "combined": COLUMNS,
}


class Shipped(Record):
    """Calibrations by scale and kind, and the models that they hold for.

    A scale has its own: what is a 2 on one is a 3 on another, and one fitted to both serves neither.
    """

    encoder: str
    reranker: str
    fitted_to: Mapping[str, str]
    calibrations: Mapping[str, Mapping[str, Stored]]


def read_shipped(path: Path = SHIPPED) -> Shipped:
    """The calibrations that come with Aisle, or those of a file like theirs."""
    try:
        return Shipped.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelDamaged(f"{path} cannot be read ({error.strerror}); restore it") from error
    except ValidationError as error:
        raise ModelDamaged(f"{path} holds no calibrations of judges; restore it") from error


def evidence_judge(
    kind: str,
    index: ProductIndex,
    encoder: Encoder,
    reranker: Reranker | None,
    calibration: Learned | None = None,
    *,
    scale: str = "esci",
) -> CalibratedJudge:
    """A judge of this kind, with the shipped calibration for a scale unless another is given."""
    if kind not in KINDS:
        raise InvalidQuery(f"no judge {kind!r} without a language model; choose from: {', '.join(KINDS)}")
    if reranker is None and not set(KINDS[kind]).isdisjoint(CROSS):
        raise InvalidSettings(f"judge {kind} needs a reranker; set AISLE_RERANKER, or choose bi-encoder")
    learned = _shipped(kind, scale, encoder, reranker) if calibration is None else calibration
    models = [encoder.name, reranker.name if reranker else "none", index.generation]
    parts = [*models, learned.model_dump_json(), str(VERSION)]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
    evidence = Evidence(index, encoder, reranker, KINDS[kind])
    return CalibratedJudge(f"{kind}-{digest}", (evidence,), learned)


def _shipped(kind: str, scale: str, encoder: Encoder, reranker: Reranker | None) -> Learned:
    shipped = read_shipped()
    if scale not in shipped.calibrations:
        known = ", ".join(shipped.calibrations)
        raise InvalidQuery(
            f"judge {kind} is calibrated for the scales {known}, not for {scale!r}; choose one of them, "
            "and bring its grades to yours with --human QRELS --calibrate"
        )
    needed = {"encoder": (MEANING, shipped.encoder, encoder.name)}
    needed["reranker"] = (CROSS, shipped.reranker, reranker.name if reranker else "none")
    for setting, (columns, of, given) in needed.items():
        if of != given and not set(KINDS[kind]).isdisjoint(columns):
            raise InvalidSettings(
                f"judge {kind} is calibrated for {setting} {of}, the setting is {given}; "
                "give it a calibration fitted to human grades"
            )
    return shipped.calibrations[scale][kind]
