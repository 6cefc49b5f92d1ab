"""Pairs, products and judgments without a catalogue, for tests of what is only arithmetic."""

from collections.abc import Iterable, Iterator, Mapping

from catalog.product import Product
from eval.judge.records import Case, Judgment, Pair


def pair(query_id: str, product_id: str, query: str = "red mug") -> Pair:
    return Pair(query_id=query_id, query=query, product_id=product_id)


def case(query_id: str, product_id: str, title: str = "Mug", **fields: object) -> Case:
    product = Product.model_validate({"id": product_id, "title": title, **fields})
    return Case(pair=pair(query_id, product_id), product=product)


def judgment(
    query_id: str,
    product_id: str,
    grade: int | None,
    chances: tuple[float, float, float, float] | None = None,
) -> Judgment:
    return Judgment(pair=pair(query_id, product_id), grade=grade, chances=chances, judge="made up")


def judgments(grades: Mapping[str, Mapping[str, int | None]]) -> list[Judgment]:
    return [judgment(q, p, grade) for q, given in grades.items() for p, grade in given.items()]


class WordJudge:
    """Grades by how many of the query's words the text has; what says "unreadable" it cannot read."""

    name = "words"

    def judge(self, cases: Iterable[Case]) -> Iterator[Judgment]:
        for one in cases:
            text = f"{one.product.title} {one.product.description or ''}".lower()
            found = sum(word in text for word in one.pair.query.split())
            grade = None if "unreadable" in text else min(found, 3)
            yield Judgment(pair=one.pair, grade=grade, judge=self.name)
