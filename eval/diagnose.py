"""Where relevant products were lost on the way to the top k, and what changed between two versions.

It measures no quality (see `eval.metrics`) and repairs nothing. How a search is retraced is the business
of `eval.journey`, why a product was lost that of `eval.blind_spots`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from catalog.index import ProductIndex
from catalog.points import point_id
from catalog.where import Where
from core.errors import InvalidQuery, InvalidSource
from core.record import Record
from eval.blind_spots import Cause, QueryWords, Spot, causes
from eval.journey import Journey, journey, locate, rank_in
from eval.metrics import answerable, evaluate
from eval.records import Dataset, Judged, Run
from eval.runs import code_version
from eval.slices import slices
from ranking.pipeline import Ranker
from ranking.recall import DEPTH
from ranking.receipts import receipt
from ranking.records import Check, Search, Verdict
from ranking.systems import system_of

DEEP = 1000  # how far down a branch is read to say where a product stands that it did not recall
EXAMPLES = 3

INDEX, FILTER, CROWDED = "index", "filter", "crowded"  # beside what `eval.journey.locate` names


class Standing(Record):
    """Where a product stood in a stage. Without a rank: a branch that gives a score matches it, far down."""

    stage: str
    rank: int | None = None
    score: float | None = None


class Missed(Record):
    """A relevant product outside the top k. `crowded`: the top k is full of products as relevant."""

    product_id: str
    title: str | None = None
    grade: int
    lost_at: str
    rank: int | None = None  # in the last stage
    standings: tuple[Standing, ...] = ()
    checks: tuple[Check, ...] = ()  # the requirements it was not known to meet
    causes: tuple[Cause, ...] = ()


class QueryDiagnosis(Record):
    """What became of every relevant product of one query."""

    query_id: str
    query: str
    found: Mapping[str, int]  # product id -> rank
    grades: Mapping[str, int]
    places: int  # of the top k that went to something less relevant than a missed product
    missed: tuple[Missed, ...]

    @property
    def losses(self) -> tuple[Missed, ...]:
        """The missed products for which there would have been room."""
        return tuple(missed for missed in self.missed if missed.lost_at != CROWDED)


class Example(Record):
    """One loss that shows a blind spot."""

    query_id: str
    query: str
    product_id: str
    title: str | None
    evidence: str


class BlindSpot(Record):
    """Losses with one reason: `count` where it comes first, `also` where a more certain one applies too."""

    spot: Spot
    count: int
    queries: int
    also: int
    examples: tuple[Example, ...]


class Diagnosis(Record):
    """Where a system lost the relevant products of some queries.

    The counts of the blind spots add up to the losses. There can be many more losses than `places`: each
    counts that could have taken one.
    """

    dataset: str
    split: str
    system: str
    encoder: str
    code: str
    k: int
    queries: tuple[QueryDiagnosis, ...]
    relevant: int
    found: int
    crowded: int
    places: int
    lost_at: Mapping[str, int]
    blind_spots: tuple[BlindSpot, ...]
    judged: Judged | None = None  # None where people graded


class Movement(Record):
    """A relevant product that entered or left the top k: its ranks, and where it was lost on that side."""

    query_id: str
    query: str
    product_id: str
    title: str | None
    grade: int
    before: int | None
    after: int | None
    lost_at: str


class Difference(Record):
    """What changed between two diagnoses of the same data; `unmatched` queries are in only one of them."""

    before: str
    after: str
    k: int
    degraded: tuple[Movement, ...]
    recovered: tuple[Movement, ...]
    unmatched: tuple[str, ...]
    judged: Judged | None = None  # None where people graded


def diagnose(
    index: ProductIndex,
    dataset: Dataset,
    system: str,
    query_ids: Sequence[str],
    k: int = 10,
    where: Mapping[str, Where] | None = None,
    ranker: Ranker | None = None,
) -> Diagnosis:
    """Say where each relevant product was lost; `where` holds what a query was searched with, if anything."""
    system_of(system)
    if not 1 <= k <= DEPTH:
        raise InvalidQuery(f"k is {k}; choose one from 1 to {DEPTH}")
    if unknown := [query_id for query_id in query_ids if query_id not in dataset.queries]:
        raise InvalidQuery(f"no query {unknown[0]!r} in {dataset.name} ({dataset.split})")
    required = where or {}
    texts = {query_id: dataset.queries[query_id] for query_id in query_ids}
    negated = slices(texts, index.vocabulary(), ())["negation"]
    queries = tuple(
        _query(
            index,
            dataset,
            system,
            query_id,
            QueryWords(index, text, negated=query_id in negated),
            k,
            required.get(query_id, Where()),
            ranker,
        )
        for query_id, text in texts.items()
    )
    lost = [missed for query in queries for missed in query.losses]
    return Diagnosis(
        dataset=dataset.name,
        split=dataset.split,
        system=system,
        encoder=index.stamp.encoder,
        code=code_version(),
        k=k,
        queries=queries,
        relevant=sum(len(query.found) + len(query.missed) for query in queries),
        found=sum(len(query.found) for query in queries),
        crowded=sum(len(query.missed) - len(query.losses) for query in queries),
        places=sum(query.places for query in queries),
        lost_at=dict(Counter(missed.lost_at for missed in lost).most_common()),
        blind_spots=_blind_spots(queries),
        judged=dataset.judged,
    )


def worst_queries(run: Run, dataset: Dataset, count: int, k: int = 10) -> tuple[str, ...]:
    """The queries with the lowest nDCG@k in a run, worst first, of those that have something relevant."""
    metric = f"nDCG@{k}"
    values = evaluate(run, dataset, [metric])[metric]
    return tuple(sorted(answerable(dataset), key=lambda query_id: (values[query_id], query_id))[:count])


def diff(before: Diagnosis, after: Diagnosis) -> Difference:
    """Which relevant products left the top k between two versions, and which came back."""
    for field in ("dataset", "split", "k"):
        if getattr(before, field) != getattr(after, field):
            raise InvalidQuery(
                f"{field} is {getattr(before, field)} before and {getattr(after, field)} after; "
                "compare diagnoses of the same data"
            )
    earlier = {query.query_id: query for query in before.queries}
    later = {query.query_id: query for query in after.queries}
    moved = [
        movement
        for query_id in earlier
        if query_id in later
        for movement in _movements(earlier[query_id], later[query_id])
    ]
    return Difference(
        before=_version(before),
        after=_version(after),
        k=after.k,
        degraded=tuple(movement for movement in moved if movement.after is None),
        recovered=tuple(movement for movement in moved if movement.before is None),
        unmatched=tuple(sorted(earlier.keys() ^ later.keys())),
        judged=after.judged,
    )


def read_diagnosis(path: Path) -> Diagnosis:
    """A diagnosis that was saved as JSON."""
    try:
        return Diagnosis.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidSource(f"cannot read {path} ({error.strerror})") from error
    except ValidationError as error:
        raise InvalidSource(
            f"{path} is no saved diagnosis; write one with: aisle eval diagnose --save FILE"
        ) from error


def _query(
    index: ProductIndex,
    dataset: Dataset,
    system: str,
    query_id: str,
    words: QueryWords,
    k: int,
    where: Where,
    ranker: Ranker | None,
) -> QueryDiagnosis:
    text = words.text
    judged = dataset.qrels.get(query_id, {})
    grades = {p: grade for p, grade in judged.items() if grade >= dataset.conventions.relevant}
    travelled = journey(index, Search(query=text, where=where), system, ranker)
    top = travelled.later[-1].order[:k]
    found = {p: rank for rank, p in enumerate(top, start=1) if p in grades}
    absent = sorted((p for p in grades if p not in found), key=lambda p: (-grades[p], p))
    products = index.get([*absent, *top])
    reach = _reach(index, text, system_of(system).branches, where, [p for p in absent if p in products])
    shown = [products[p] for p in top if p in products]
    worst_shown = min((judged.get(p, 0) for p in top), default=0) if len(top) == k else 0

    def missed(product_id: str) -> Missed:
        grade = grades[product_id]
        product = products.get(product_id)
        if product is None:
            absence = Cause(spot=Spot.NOT_INDEXED, evidence=f"no product {product_id} in the index")
            return Missed(product_id=product_id, grade=grade, lost_at=INDEX, causes=(absence,))
        checks = tuple(c for c in receipt(product, where) if c.verdict is not Verdict.MET)
        lost_at = locate(travelled, product_id, k)
        if any(check.verdict is Verdict.VIOLATED for check in checks):
            lost_at = FILTER
        elif worst_shown >= grade:
            lost_at = CROWDED
        return Missed(
            product_id=product_id,
            title=product.title,
            grade=grade,
            lost_at=lost_at,
            rank=rank_in(travelled.later[-1], product_id),
            standings=tuple(_standings(travelled, product_id, reach)),
            checks=checks,
            causes=() if lost_at == CROWDED else causes(words, product, checks, shown),
        )

    return QueryDiagnosis(
        query_id=query_id,
        query=text,
        found=found,
        grades=grades,
        places=_places([judged.get(p, 0) for p in top], [grades[p] for p in absent], k),
        missed=tuple(missed(product_id) for product_id in absent),
    )


def _version(found: Diagnosis) -> str:
    return f"{found.system}, {found.encoder}, {found.code}"


def _places(shown: Sequence[int], missed: Sequence[int], k: int) -> int:
    """How many of the k best that there are, by grade, are not shown."""
    best = sorted([*shown, *missed], reverse=True)[:k]
    return sum((Counter(best) - Counter(shown)).values())


Reach = Mapping[str, Mapping[str, Standing]]  # branch -> product id -> where it stands when read deep


def _reach(
    index: ProductIndex, text: str, branches: Sequence[str], where: Where, product_ids: Sequence[str]
) -> Reach:
    """Where each branch has the products, read far beyond what it recalls."""
    points = {point_id(product_id): product_id for product_id in product_ids}
    if not points:
        return {}
    vectors = index.vectors(text, branches)
    deep = index.search(vectors, where=where, unknown="passes", limit=DEEP)
    scored = index.search(vectors, among=list(points), limit=len(points))
    reach: dict[str, dict[str, Standing]] = {}
    for branch in branches:
        ranks = {point: rank for rank, (point, _) in enumerate(deep.get(branch, ()), start=1)}
        reach[branch] = {
            points[point]: Standing(stage=branch, rank=ranks.get(point), score=score)
            for point, score in scored.get(branch, ())
        }
    return reach


def _standings(travelled: Journey, product_id: str, reach: Reach) -> list[Standing]:
    found = []
    for stage in (*travelled.branches, *travelled.later):
        rank = rank_in(stage, product_id)
        deep = reach.get(stage.name, {}).get(product_id, Standing(stage=stage.name))
        found.append(deep if rank is None else deep.model_copy(update={"rank": rank}))
    return found


def _blind_spots(queries: Sequence[QueryDiagnosis]) -> tuple[BlindSpot, ...]:
    first: Counter[Spot] = Counter()
    also: Counter[Spot] = Counter()
    asked: defaultdict[Spot, set[str]] = defaultdict(set)
    examples: defaultdict[Spot, list[Example]] = defaultdict(list)
    for query in queries:
        for missed in query.losses:
            main, *others = missed.causes
            first[main.spot] += 1
            asked[main.spot].add(query.query_id)
            also.update({cause.spot for cause in others} - {main.spot})
            shown = examples[main.spot]
            if len(shown) < EXAMPLES and all(example.query_id != query.query_id for example in shown):
                shown.append(
                    Example(
                        query_id=query.query_id,
                        query=query.query,
                        product_id=missed.product_id,
                        title=missed.title,
                        evidence=main.evidence,
                    )
                )
    spots = sorted({*first, *also}, key=lambda spot: (-first[spot], list(Spot).index(spot)))
    return tuple(
        BlindSpot(
            spot=spot,
            count=first[spot],
            queries=len(asked[spot]),
            also=also[spot],
            examples=tuple(examples[spot]),
        )
        for spot in spots
    )


def _movements(before: QueryDiagnosis, after: QueryDiagnosis) -> list[Movement]:
    missed = {(side, m.product_id): m for side, q in ((0, before), (1, after)) for m in q.missed}
    moved = []
    for product_id, grade in after.grades.items():
        was, now = before.found.get(product_id), after.found.get(product_id)
        gone = missed.get((1, product_id)) if was else missed.get((0, product_id))
        if gone is not None and (was is None) != (now is None):
            moved.append(
                Movement(
                    query_id=after.query_id,
                    query=after.query,
                    product_id=product_id,
                    title=gone.title,
                    grade=grade,
                    before=was,
                    after=now,
                    lost_at=gone.lost_at,
                )
            )
    return moved
