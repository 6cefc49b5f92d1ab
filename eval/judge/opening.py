"""Opens a judge by the name that the command line gives it. Judges nothing, and asks nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agent.llm.opening import price_of
from catalog.index import ProductIndex
from core.errors import InvalidQuery
from core.settings import Settings
from eval.judge.cross_encoder import KINDS, evidence_judge
from eval.judge.later import LaterChat, LaterEncoder, later_reranker
from eval.judge.llm_judge import LlmJudge
from eval.judge.offline import FREE, Tariff
from eval.judge.pairwise import LlmPairwiseJudge
from eval.judge.pool import Shelf
from eval.judge.records import Judge, PairwiseJudge
from eval.judge.rubrics import BRIEF, FULL, load_rubric

WORKERS = 8  # questions at once to a model elsewhere; what runs here does one after the other


@dataclass(frozen=True)
class OpenJudge:
    """A judge that is ready, what it costs, and how many questions at once do it good."""

    judge: Judge
    tariff: Tariff
    workers: int
    pairwise: PairwiseJudge | None = None  # the same model as a judge of couples, if it can be one


def is_llm(name: str) -> bool:
    """Whether a judge of this name is a language model."""
    return name == "embedded" or "://" in name


@contextmanager
def open_judge(
    name: str, settings: Settings, shelf: Shelf, rubric: str = "esci", *, reasons: bool = False
) -> Iterator[OpenJudge]:
    """The judge of this name; of a language model, `settings.llm` says which. Closed again at the end.

    Models are loaded when they are first asked: where everything is known, they never are.
    """
    if is_llm(name):
        with open_llm_judge(settings, rubric, reasons=reasons) as opened:
            yield opened
        return
    if name not in KINDS:
        known = ", ".join((*KINDS, "embedded", "URL#MODEL"))
        raise InvalidQuery(f"no judge {name!r}; choose from: {known}")
    if reasons:
        raise InvalidQuery(f"judge {name} gives no reasons; leave out --reasons, or choose a language model")
    encoder, reranker = LaterEncoder(settings), later_reranker(settings)
    index = ProductIndex(shelf.home, shelf.live, encoder)
    yield OpenJudge(evidence_judge(name, index, encoder, reranker, scale=rubric), FREE, 1)


@contextmanager
def open_llm_judge(settings: Settings, rubric: str = "esci", *, reasons: bool = False) -> Iterator[OpenJudge]:
    """The language model of the settings as a judge; the embedded one is shown less, for it reads slowly."""
    embedded = settings.llm == "embedded"
    reading = BRIEF if embedded else FULL
    scale = load_rubric(rubric, "reason" if reasons else "digit", reading)
    model, price = LaterChat(settings), price_of(settings)
    judge = LlmJudge(model, scale, price=price, held=embedded)
    pairwise = LlmPairwiseJudge(model, reading, held=embedded)
    try:
        yield OpenJudge(judge, Tariff(judge.expected_usage, price), 1 if embedded else WORKERS, pairwise)
    finally:
        model.close()
