"""Where judged qrels come from: a file beside them, and a mark in them that says no person graded.

The qrels are plain TREC, for any evaluator; its second column, which none of them reads, bears the mark.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from agent.llm.chat import Usage
from core.errors import InvalidQuery, InvalidSource
from core.record import Record
from eval.judge.card import UNKNOWN, JudgeCard, shown
from eval.judge.records import Judgment
from eval.records import Judged
from eval.trec import lines, write_whole

MARK = "judged"
NAMELESS = "a model that left no name"


class Provenance(Record):
    """What is known of judged qrels: by whom, when, over what, at what cost, and every judgment in full."""

    judge: str
    prompt: str = ""
    rubric: str = ""
    made: datetime
    runs: tuple[str, ...] = ()
    depth: int
    graded: int
    missing: int
    left: int = 0  # not judged, because the run was stopped
    gone: int = 0  # of products that the index has no more
    usage: Usage | None = None
    cost: float | None = None
    card: JudgeCard | None = None
    digest: str = ""  # of the qrels as they were written
    judgments: tuple[Judgment, ...] = ()


def provenance_path(qrels: Path) -> Path:
    """Where the provenance of a qrels file is."""
    return qrels.with_name(f"{qrels.name}.judged.json")


def write_judged(path: Path, provenance: Provenance) -> None:
    """Write the qrels of these judgments, with their provenance beside them, but never over human ones."""
    refuse_human(path)
    graded = [one for one in provenance.judgments if one.grade is not None]
    text = "".join(f"{one.pair.query_id} {MARK} {one.pair.product_id} {one.grade}\n" for one in graded)
    beside = provenance.model_copy(update={"digest": _digest(text.encode())})
    write_whole(provenance_path(path), beside.model_dump_json(indent=1))
    write_whole(path, text)


def refuse_human(path: Path) -> None:
    """Refuse a file that holds grades by people: they are not to be written over."""
    if path.is_file() and path.stat().st_size and provenance_of(path) is None:
        raise InvalidQuery(f"{path} holds grades by people; name another file")


def read_provenance(qrels: Path) -> Provenance | None:
    """The provenance beside a qrels file, with all judgments; None where there is none."""
    path = provenance_path(qrels)
    try:
        return Provenance.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidSource(f"cannot read {path} ({error.strerror})") from error
    except ValidationError as error:
        raise InvalidSource(f"{path} does not say where judgments are from; judge them again") from error


def provenance_of(qrels: Path) -> Judged | None:
    """Who judged these qrels; None where people did. The mark tells also where the file beside is lost."""
    found = read_provenance(qrels)
    marked = _is_marked(qrels)
    if found is None:
        return Judged(judge=NAMELESS, note="where they are from was lost") if marked else None
    notes = []
    if qrels.is_file() and _digest(qrels.read_bytes()) != found.digest:
        notes.append("changed since")
    if found.left:
        notes.append(f"{found.left:,} of {found.left + found.graded + found.missing:,} pairs not judged yet")
    agreement = found.card.agreement if found.card else None
    return Judged(
        judge=found.judge,
        quadratic=agreement.quadratic.value if agreement else None,
        pairs=agreement.pairs if agreement else 0,
        facts=_facts(found),
        note=", ".join(notes),
    )


def judged_in(paths: Sequence[Path]) -> Judged | None:
    """Who judged what several qrels files hold together; None where people did it all."""
    found = [judged for path in paths if (judged := provenance_of(path))]
    if len(found) <= 1:
        return found[0] if found else None
    names = sorted({judged.judge for judged in found})
    return Judged(judge=" and ".join(names), note=f"{len(found)} of {len(paths)} files")


def _facts(found: Provenance) -> dict[str, str]:
    """The provenance and the card in words, for a report."""
    facts = {
        "judge": found.judge,
        "judged": f"{found.made:%Y-%m-%d}, {found.graded:,} pairs, {found.missing:,} more could not be read",
    }
    card = found.card
    if card is None or card.agreement is None:
        return {**facts, "agreement with people": UNKNOWN}
    agreement = card.agreement
    facts["people graded too"] = f"{agreement.pairs:,} pairs of {agreement.queries:,} queries"
    facts["accuracy"] = shown(agreement.accuracy)
    facts["kappa"] = shown(agreement.kappa)
    facts["quadratic kappa"] = shown(agreement.quadratic)
    facts[f"AUC, grade {card.relevant} and up"] = shown(card.auc)
    if card.ceiling:
        facts["quadratic kappa of two people"] = shown(card.ceiling.quadratic)
    if card.note:
        facts["how"] = card.note
    return facts


def _is_marked(qrels: Path) -> bool:
    return qrels.is_file() and any(line.split()[1:2] == [MARK] for _, line in lines(qrels))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
