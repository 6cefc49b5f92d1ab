"""A small comparison with hostile product text, for the tests of the report."""

from catalog.product import Money, Product
from eval.compare import Comparison, compare
from eval.details import Details, describe
from eval.records import Conventions, Dataset, Ranked, Run

HOSTILE = '</script><script>document.title="owned"</script><img src=http://evil.test/x onerror=alert(1)>"\'&'
QUERIES = {f"q{i}": f"query number {i}" for i in range(12)} | {"q12": HOSTILE, "q13": "nothing found"}
PRODUCTS = {
    product.id: product
    for product in (
        Product(id="p1", title="Leather belt", brand="Acme", price=Money(amount=1999, currency="USD")),
        Product(id="p2", title=HOSTILE, brand=HOSTILE),
        Product(id="p3", title="Canvas " + "belt" * 80),
    )
}
QRELS = {query: {"p1": 3, "p2": 0, "p3": 1, "unseen": 2} for query in QUERIES}
OLD = {query: 0.2 + 0.01 * place for place, query in enumerate(QUERIES)}
NEW = {query: 0.9 if place % 3 else 0.1 for place, query in enumerate(QUERIES)}
SLICES = {"negation": frozenset(list(QUERIES)[:10]), "brand": frozenset({"q12", "q13"})}


def ranking(*ids: str) -> tuple[Ranked, ...]:
    return tuple(Ranked(product_id, 1.0 / place) for place, product_id in enumerate(ids, start=1))


def comparison() -> Comparison:
    return compare({"old": OLD, "new": NEW}, slices=SLICES, metric="nDCG@10")


def details() -> Details:
    dataset = Dataset(
        name="belts",
        split="dev",
        queries=QUERIES,
        qrels=QRELS,
        conventions=Conventions(gains={0: 0, 1: 0.01, 2: 0.1, 3: 1}, relevant=2),
    )
    runs = [
        Run(
            name="old",
            rankings=dict.fromkeys(QUERIES, ranking("p1", "p2", "p3")) | {"q13": ()},
            timings={query: {"total": float(place)} for place, query in enumerate(QUERIES)},
            provenance={"system": "old", "dataset": "belts dev"},
        ),
        Run(
            name="new",
            rankings=dict.fromkeys(QUERIES, ranking("p3", "p1", "gone")) | {"q13": ()},
            provenance={"system": "new", "dataset": "belts dev"},
        ),
    ]
    return describe(
        dataset,
        runs,
        PRODUCTS,
        slices=SLICES,
        grade_names={3: "Exact", 0: "Irrelevant"},
        commands=["aisle eval compare old.trec new.trec --qrels qrels.txt"],
    )
