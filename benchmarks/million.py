"""A million products in the embedded index: build time, memory, query times, recall against exact.

Products and vectors are synthetic (a seeded mixture of clusters), so the encoder is not part of what is
timed. Usage: python -m benchmarks.million [--products N] [--quantization none|int8] [--folder DIR]
"""

import argparse
import json
import resource
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from catalog.collection import Stamp
from catalog.edge_home import EdgeHome
from catalog.index import ProductIndex, lexers, point
from catalog.points import point_id
from catalog.product import Availability, Money, Product, Rating
from catalog.where import Where
from ranking.records import Search
from ranking.systems import search

DIMENSION = 384
CLUSTERS = 2_000
FREEDOM = 32  # dimensions in which products of a cluster differ; sentence vectors have few too
BATCH = 1_000
QUERIES = 200
SEED = 20261121

LOOKS = "red blue black white green grey steel oak linen matte folding compact large small slim".split()
STUFF = "cotton leather bamboo ceramic glass wool nylon copper walnut marble rubber canvas".split()
THINGS = (
    "kettle lamp chair backpack jacket boot drill tent pillow blanket mug bottle speaker keyboard desk "
    "shelf rug curtain towel pan knife clock mirror basket brush belt wallet scarf glove hat"
).split()
USES = "travel kitchen office garden camping bedroom school sport winter summer gift outdoor".split()


class Synthetic:
    """An encoder that looks vectors up: product n lies near the centre of its cluster, so does its query."""

    name = "synthetic"
    dimension = DIMENSION

    def __init__(self, count: int) -> None:
        random = np.random.default_rng(SEED)
        self.centres = random.standard_normal((CLUSTERS, DIMENSION), np.float32)
        self.basis = random.standard_normal((FREEDOM, DIMENSION), np.float32) / np.sqrt(np.float32(FREEDOM))
        self.cluster = random.integers(0, CLUSTERS, count)

    def vectors(self, numbers: Sequence[int], *, salt: int = 0) -> NDArray[np.float32]:
        """Unit vectors of the products with these numbers; another salt gives another one nearby."""
        noise = np.stack(
            [np.random.default_rng((SEED, salt, n)).standard_normal(FREEDOM, np.float32) for n in numbers]
        )
        raw = self.centres[self.cluster[list(numbers)]] + noise @ self.basis
        unit: NDArray[np.float32] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
        return unit

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vector that belongs to a query text `... #n`."""
        return self.vectors([int(text.rsplit("#", 1)[1]) for text in texts], salt=1)

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Not used: documents are built from their numbers."""
        return self.encode_queries(texts)


def product(n: int, cluster: int) -> Product:
    """The product with number n; words go with clusters, as they do in a shop."""
    random = np.random.default_rng((SEED, 2, n))
    thing, stuff = THINGS[cluster % len(THINGS)], STUFF[cluster // len(THINGS) % len(STUFF)]
    look, use = LOOKS[random.integers(len(LOOKS))], USES[random.integers(len(USES))]
    brand = f"Brand{cluster % 997}"
    return Product(
        id=str(n),
        title=f"{brand} {look} {stuff} {thing} model {n % 5000}",
        description=f"A {look} {thing} of {stuff} for {use}. Comes in a box with care instructions.",
        brand=brand,
        categories=(use.title(), thing.title()),
        price=Money(amount=int(random.integers(500, 50_000)), currency="USD"),
        availability=Availability.IN_STOCK if n % 10 else Availability.OUT_OF_STOCK,
        rating=Rating(value=round(float(random.uniform(3, 5)), 1), count=int(random.integers(1, 5000))),
        attributes={"color": (look,), "material": (stuff,)},
    )


def build(folder: Path, count: int, quantization: str, encoder: Synthetic) -> dict[str, float]:
    """Fill and settle an index; seconds for each."""
    home = EdgeHome(folder, quantization=quantization)
    stamp = Stamp(encoder=encoder.name, dimension=DIMENSION, counted=("color", "material"))
    by = lexers(stamp)
    start = perf_counter()
    with home.build(stamp) as draft:
        for first in range(0, count, BATCH):
            numbers = range(first, min(first + BATCH, count))
            dense = encoder.vectors(numbers)
            rows = [product(n, int(encoder.cluster[n])) for n in numbers]
            draft.upsert([point(p, v, by, stamp) for p, v in zip(rows, dense, strict=True)])
            if first % 50_000 == 0:
                print(f"{first:,} of {count:,} in {perf_counter() - start:.0f} s", file=sys.stderr)
        filled = perf_counter()
        draft.settle()
        settled = perf_counter()
    return {"fill_s": filled - start, "optimise_s": settled - filled}


def times(index: ProductIndex, queries: Sequence[str], where: Where) -> dict[str, float]:
    """Latency of hybrid search over the queries, after a warm-up."""
    for query in queries[:20]:
        search(index, Search(query=query, where=where))
    taken = []
    for query in queries:
        start = perf_counter()
        results = search(index, Search(query=query, where=where))
        taken.append((perf_counter() - start) * 1e3)
        assert len(results.hits) == 10
    return {f"p{q}_ms": round(float(np.percentile(taken, q)), 2) for q in (50, 95, 99)}


def recall_at_100(index: ProductIndex, encoder: Synthetic, count: int, numbers: Sequence[int]) -> float:
    """How many of the true nearest hundred the dense branch finds, on average."""
    wanted = encoder.vectors(numbers, salt=1)
    best: list[list[tuple[float, int]]] = [[] for _ in numbers]
    for first in range(0, count, 50_000):
        block = range(first, min(first + 50_000, count))
        scores = wanted @ encoder.vectors(block).T
        for row, line in enumerate(scores):
            top = np.argpartition(line, -100)[-100:] if len(line) > 100 else np.arange(len(line))
            best[row] = sorted([*best[row], *((float(line[i]), first + int(i)) for i in top)], reverse=True)[
                :100
            ]
    found = []
    for row in range(len(numbers)):
        near = index.search({"dense": wanted[row]}, limit=100)["dense"]
        truth = {point_id(str(i)) for _, i in best[row]}
        found.append(len(truth & {point for point, _ in near}) / 100)
    return float(np.mean(found))


def numbers_of(count: int, size: int) -> list[int]:
    """Which products the queries ask for."""
    return [int(n) for n in np.random.default_rng(SEED + 1).integers(0, count, size)]


def queries_of(numbers: Sequence[int], encoder: Synthetic) -> Iterator[str]:
    """What a shopper would type for them."""
    for n in numbers:
        wanted = product(n, int(encoder.cluster[n]))
        look, stuff, thing = wanted.title.split()[1:4]
        yield f"{look} {stuff} {thing} for {wanted.categories[0].lower()} #{n}"


def main() -> None:
    """Run the benchmark and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--quantization", choices=["none", "int8"], default="none")
    parser.add_argument("--folder", type=Path, default=Path("runs/million.index"))
    parser.add_argument("--keep", action="store_true", help="do not delete the index afterwards")
    parser.add_argument("--reuse", action="store_true", help="measure an index that was kept")
    given = parser.parse_args()
    encoder = Synthetic(given.products)
    report: dict[str, object] = {"products": given.products, "quantization": given.quantization}
    if not given.reuse:
        shutil.rmtree(given.folder, ignore_errors=True)
        seconds = build(given.folder, given.products, given.quantization, encoder)
        report |= {name: round(value, 1) for name, value in seconds.items()}
        report["build_peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    report["disk_mb"] = sum(f.stat().st_blocks * 512 for f in given.folder.rglob("*") if f.is_file()) >> 20
    home = EdgeHome(given.folder, quantization=given.quantization)
    start = perf_counter()
    index = ProductIndex(home, home.live(), encoder)
    report["open_s"] = round(perf_counter() - start, 2)
    queries = list(queries_of(numbers_of(given.products, QUERIES), encoder))
    filters = {
        "hybrid": Where(),
        "hybrid, price and stock": Where(price_max=Money(amount=20_000, currency="USD"), available_only=True),
        "hybrid, color and rating": Where(attributes={"color": ("red",)}, rating_min=4.5),
        "hybrid, category": Where(categories=("Kettle",)),
    }
    for name, where in filters.items():
        report[name] = times(index, queries, where)
    report["recall@100"] = round(
        recall_at_100(index, encoder, given.products, numbers_of(given.products, 50)), 4
    )
    report["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    index.close()
    if not given.keep:
        shutil.rmtree(given.folder)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
