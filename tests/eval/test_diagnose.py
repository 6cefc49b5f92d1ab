"""Where relevant products are lost, on a small shop with the real index and the real encoder."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.index import ProductIndex
from catalog.indexing import build_index
from catalog.product import Money, Product
from catalog.where import Where
from core.errors import InvalidQuery, InvalidSource
from eval.blind_spots import Spot, one_edit
from eval.diagnose import Diagnosis, Missed, diagnose, diff, read_diagnosis, worst_queries
from eval.journey import Journey, Stage, locate
from eval.records import Conventions, Dataset, Ranked, Run
from ui.diagnose_view import diagnose as command
from ui.diagnose_view import diagnosis_report, difference_report, query_id


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


SHOP = [
    Product(id="kettle-1", title="Electric kettle", brand="Brevik", price=usd(4000)),
    Product(id="kettle-2", title="Stovetop kettle", brand="Solvei", price=usd(2500)),
    Product(id="kettle-3", title="Camping kettle", brand="Brevik"),
    Product(id="couch", title="Two-seat sofa in grey wool", price=usd(90000)),
    Product(id="wipe", title="E-cloth for windows"),
    Product(id="vitamins", title="Potassium tablets of 0.2 g", price=usd(1000)),
    Product(id="belt", title="Leather belt, no buckle"),
    Product(id="buckle", title="Leather belt with brass buckle"),
    Product(id="strap", title="Leather strap with snaps"),
    Product(id="lamp", title="Desk lamp", brand="Solvei"),
]
QUERIES = {
    "kettle": "kettle",
    "typo": "ketle",
    "couch": "settee",
    "cloth": "ecloth",
    "dose": "potassium 200mg",
    "belt": "leather belt without buckle",
    "brand": "brevik kettle",
    "ghost": "teapot",
}
QRELS = {
    "kettle": {"kettle-1": 3, "kettle-2": 2, "kettle-3": 2},
    "typo": {"kettle-1": 3},
    "couch": {"couch": 3},
    "cloth": {"wipe": 3},
    "dose": {"vitamins": 3},
    "belt": {"strap": 3, "buckle": 0},
    "brand": {"kettle-2": 2, "kettle-1": 0},
    "ghost": {"teapot-9": 3},
}
GRADED = Conventions(gains={0: 0, 1: 1, 2: 3, 3: 7}, relevant=2)
SHOP_SET = Dataset(name="shop", queries=QUERIES, qrels=QRELS, conventions=GRADED)


@pytest.fixture(scope="module")
def folder(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.index"
    build_index(lambda: SHOP, EdgeHome(path), encoder)
    return path


@pytest.fixture
def index(folder: Path, encoder: Encoder) -> Iterator[ProductIndex]:
    home = EdgeHome(folder)
    opened = ProductIndex(home, home.live(), encoder)
    yield opened
    opened.close()


def only_loss(index: ProductIndex, query: str, system: str = "bm25", k: int = 10, **where: object) -> Missed:
    required = {query: Where.model_validate(where)}
    (one,) = diagnose(index, SHOP_SET, system, [query], k, required).queries
    (loss,) = one.losses
    return loss


def spots(loss: Missed) -> list[Spot]:
    return [cause.spot for cause in loss.causes]


def test_a_product_that_was_never_indexed_is_said_to_be_missing(index: ProductIndex) -> None:
    loss = only_loss(index, "ghost")
    assert (loss.lost_at, spots(loss)) == ("index", [Spot.NOT_INDEXED])


def test_a_word_the_shop_does_not_use_is_a_vocabulary_gap_and_no_branch_has_the_product(
    index: ProductIndex,
) -> None:
    loss = only_loss(index, "couch")
    assert (loss.lost_at, spots(loss)) == ("recall", [Spot.VOCABULARY])
    assert {standing.score for standing in loss.standings} == {None}


def test_a_misspelt_word_is_named_with_the_word_it_was_meant_for(index: ProductIndex) -> None:
    loss = only_loss(index, "typo")
    assert loss.lost_at == "recall"
    assert loss.causes[0].spot is Spot.SPELLING
    assert loss.causes[0].evidence == "ketle for kettle"


def test_a_missing_blank_is_a_misspelling_too(index: ProductIndex) -> None:
    assert only_loss(index, "cloth").causes[0].evidence == "ecloth for e cloth"


def test_a_known_word_is_never_called_misspelt(index: ProductIndex) -> None:
    """`kettle` is a word of the shop, and `brevik`, which the lost kettle lacks, is another."""
    assert Spot.SPELLING not in spots(only_loss(index, "brand", k=1))


def test_a_number_written_otherwise_is_named(index: ProductIndex) -> None:
    (one,) = diagnose(index, SHOP_SET, "bm25", ["dose"]).queries
    assert one.found == {"vitamins": 1}  # found by its other word
    loss = only_loss(index, "dose", price_max=usd(1))
    assert Spot.NUMBER in spots(loss)
    assert any("200mg" in cause.evidence for cause in loss.causes)


def test_a_query_that_excludes_something_loses_by_negation(index: ProductIndex) -> None:
    loss = only_loss(index, "belt", "hybrid", k=1)
    assert Spot.NEGATION in spots(loss)
    assert loss.rank is not None


def test_another_brand_than_the_one_asked_for_is_said_with_both_names(index: ProductIndex) -> None:
    loss = only_loss(index, "brand", k=1)
    assert loss.causes[0].spot is Spot.BRAND
    assert loss.causes[0].evidence == "Brevik was asked for, this is Solvei"


def test_a_filtered_product_names_the_requirement_it_violates(index: ProductIndex) -> None:
    (one,) = diagnose(
        index, SHOP_SET, "hybrid", ["kettle"], 10, {"kettle": Where(price_max=usd(3000))}
    ).queries
    (loss,) = one.losses
    assert (loss.product_id, loss.lost_at) == ("kettle-1", "filter")
    assert loss.causes[0].spot is Spot.OVER_FILTERING
    assert loss.causes[0].evidence == "price at most $30.00: $40.00"
    assert set(one.found) == {"kettle-2", "kettle-3"}, "a price that is not stated is not violated"


def test_a_place_taken_by_something_as_relevant_is_no_loss(index: ProductIndex) -> None:
    same = SHOP_SET.model_copy(
        update={"qrels": {"kettle": dict.fromkeys(("kettle-1", "kettle-2", "kettle-3"), 3)}}
    )
    found = diagnose(index, same, "bm25", ["kettle"], 1)
    assert (found.found, found.crowded, found.places) == (1, 2, 0)
    assert found.queries[0].losses == ()


def test_places_lost_are_no_more_than_there_are_places(index: ProductIndex) -> None:
    """Three relevant kettles are lost to a filter; with k = 2 only two of them had a place to lose."""
    found = diagnose(index, SHOP_SET, "bm25", ["kettle"], 2, {"kettle": Where(brands=("Nobody",))})
    assert (len(found.queries[0].losses), found.places) == (3, 2)


def test_every_loss_is_counted_once_and_every_relevant_product_is_somewhere(index: ProductIndex) -> None:
    found = diagnose(index, SHOP_SET, "bm25", list(QUERIES))
    lost = sum(len(one.losses) for one in found.queries)
    assert sum(found.lost_at.values()) == sum(spot.count for spot in found.blind_spots) == lost
    assert found.relevant == found.found + found.crowded + lost == 10


def test_the_rank_of_a_product_in_a_branch_is_the_one_by_hand(index: ProductIndex, encoder: Encoder) -> None:
    from catalog.texts import dense_text

    query, documents = (
        encoder.encode_queries(["settee"])[0],
        encoder.encode_documents([*map(dense_text, SHOP)]),
    )
    scores = {product.id: float(row @ query) for product, row in zip(SHOP, documents, strict=True)}
    by_hand = sorted(scores, key=lambda p: -scores[p]).index("lamp") + 1
    judged = SHOP_SET.model_copy(update={"qrels": {"couch": {"lamp": 3}}})
    (one,) = diagnose(index, judged, "dense", ["couch"], 1).queries
    (loss,) = one.losses
    assert loss.standings[0].rank == by_hand
    assert loss.standings[0].score == pytest.approx(scores["lamp"], abs=1e-3)


def journey(*later: Stage) -> Journey:
    return Journey([Stage("title", ["a", "b"]), Stage("dense", ["c", "a", "d"])], later)


def test_a_product_that_one_branch_had_on_the_page_was_fused_down() -> None:
    assert locate(journey(Stage("fusion", ["a", "b", "c"])), "c", k=2) == "fusion"


def test_a_product_that_no_stage_had_on_the_page_is_below_the_cut() -> None:
    assert locate(journey(Stage("fusion", ["a", "b", "c", "d"])), "d", k=2) == "cut"


def test_a_product_that_no_branch_found_was_not_recalled() -> None:
    assert locate(journey(Stage("fusion", ["a"])), "x", k=2) == "recall"


def test_a_later_stage_is_blamed_for_what_it_took_down_and_not_for_what_came_to_it_low() -> None:
    travelled = journey(Stage("fusion", ["d", "c", "a"]), Stage("rerank", ["a", "c", "d"]))
    assert locate(travelled, "d", k=2) == "rerank"
    assert (
        locate(journey(Stage("fusion", ["a", "b", "c"]), Stage("rerank", ["a", "b", "c"])), "c", k=2)
        == "fusion"
    )


def test_a_stage_that_drops_a_product_took_it_from_the_page_only_if_it_was_there() -> None:
    travelled = journey(Stage("fusion", ["a", "b", "d"]), Stage("rerank", ["a"]))
    assert locate(travelled, "b", k=2) == "rerank"
    assert locate(travelled, "d", k=2) == "cut"


def test_the_worst_queries_are_those_with_the_lowest_ndcg_that_have_something_to_find() -> None:
    ranking = {"kettle": (Ranked("kettle-1", 2.0),), "typo": (Ranked("lamp", 1.0), Ranked("kettle-1", 0.5))}
    judged = SHOP_SET.model_copy(
        update={
            "queries": {q: q for q in ("kettle", "typo", "couch", "none")},
            "qrels": {**QRELS, "none": {"lamp": 0}},
        }
    )
    judged = judged.model_copy(update={"qrels": {q: judged.qrels[q] for q in judged.queries}})
    run = Run(name="made", rankings=ranking)
    # couch: nothing, 0; typo: 1 / log2(3) = 0.63; kettle: 7 / (7 + 3/log2(3) + 3/2) = 0.67
    assert worst_queries(run, judged, 3) == ("couch", "typo", "kettle")


def test_a_better_system_recovers_what_the_other_lost(index: ProductIndex) -> None:
    before, after = (diagnose(index, SHOP_SET, system, ["couch", "kettle"]) for system in ("bm25", "hybrid"))
    change = diff(before, after)
    (movement,) = change.recovered
    assert (movement.product_id, movement.before, movement.after) == (
        "couch",
        None,
        after.queries[0].found["couch"],
    )
    assert movement.lost_at == "recall"
    assert change.degraded == ()
    back = diff(after, before)
    assert ([m.product_id for m in back.degraded], back.recovered) == (["couch"], ())


def test_queries_in_only_one_of_two_diagnoses_are_named(index: ProductIndex) -> None:
    before, after = (diagnose(index, SHOP_SET, "bm25", queries) for queries in (["couch"], ["couch", "typo"]))
    assert diff(before, after).unmatched == ("typo",)


def test_diagnoses_of_different_pages_are_not_compared(index: ProductIndex) -> None:
    with pytest.raises(InvalidQuery, match="k is 5 before and 10 after"):
        diff(diagnose(index, SHOP_SET, "bm25", ["couch"], 5), diagnose(index, SHOP_SET, "bm25", ["couch"]))


def test_a_saved_diagnosis_comes_back_as_it_was(index: ProductIndex, tmp_path: Path) -> None:
    found = diagnose(index, SHOP_SET, "hybrid", list(QUERIES))
    (tmp_path / "d.json").write_text(found.model_dump_json())
    assert read_diagnosis(tmp_path / "d.json") == found


def test_a_file_that_is_no_diagnosis_is_refused_with_the_way_to_one(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text('{"queries": 3}')
    with pytest.raises(InvalidSource, match="aisle eval diagnose --save"):
        read_diagnosis(tmp_path / "d.json")
    with pytest.raises(InvalidSource, match="cannot read"):
        read_diagnosis(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("system", "query", "k", "message"),
    [
        ("magic", "couch", 10, "choose from: bm25, dense, hybrid"),
        ("bm25", "sofa", 10, "no query 'sofa'"),
        ("bm25", "couch", 0, "choose one from 1 to 100"),
    ],
)
def test_wrong_arguments_say_what_is_allowed(
    index: ProductIndex, system: str, query: str, k: int, message: str
) -> None:
    with pytest.raises(InvalidQuery, match=message):
        diagnose(index, SHOP_SET, system, [query], k)


def test_a_query_is_named_by_id_or_text_and_a_near_miss_is_suggested() -> None:
    assert query_id(SHOP_SET, "typo") == query_id(SHOP_SET, " Ketle ") == "typo"
    with pytest.raises(InvalidQuery, match="did you mean 'leather belt without buckle'"):
        query_id(SHOP_SET, "leather belt withot buckle")


@pytest.mark.parametrize(
    ("a", "b", "near"),
    [
        ("ketle", "kettle", True),
        ("kettle", "ketle", True),
        ("kettel", "kettle", True),
        ("kattle", "kettle", True),
        ("kettle", "kettle", False),
        ("kettle", "kettles", True),
        ("ketl", "kettle", False),
        ("abcd", "badc", False),
    ],
)
def test_one_edit_is_a_letter_more_less_other_or_swapped(a: str, b: str, near: bool) -> None:
    assert one_edit(a, b) is near


def test_the_command_diagnoses_a_folder_and_says_what_changed(folder: Path, tmp_path: Path) -> None:
    data, kept = tmp_path / "shop", tmp_path / "before.json"
    data.mkdir()
    (data / "queries.tsv").write_text("".join(f"{i}\t{text}\n" for i, text in QUERIES.items()))
    rows = [f"{q} 0 {p} {grade}\n" for q, grades in QRELS.items() for p, grade in grades.items()]
    (data / "qrels.txt").write_text("".join(rows))
    app = typer.Typer()
    app.command()(command)
    common = ["--dataset", str(data), "--split", "all", "--index", str(folder), "--json"]

    def ran(*options: str) -> dict[str, object]:
        done = CliRunner().invoke(app, [*common, *options], catch_exceptions=False)
        assert done.exit_code == 0
        document: dict[str, object] = json.loads(done.stdout)
        return document

    lexical = Diagnosis.model_validate(ran("--worst", "3", "--system", "bm25", "--save", str(kept)))
    assert [one.query_id for one in lexical.queries] == ["cloth", "couch", "ghost"]
    change = ran("--against", str(kept), "--system", "hybrid")
    assert {moved["product_id"] for moved in change["recovered"]} == {"couch", "wipe"}  # type: ignore[attr-defined]


def test_the_reports_name_losses_blind_spots_and_changes(index: ProductIndex) -> None:
    from rich.console import Console

    before, after = (diagnose(index, SHOP_SET, system, list(QUERIES)) for system in ("bm25", "hybrid"))
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(diagnosis_report(before))
    console.print(difference_report(diff(before, after)))
    text = console.export_text()
    assert "not recalled" in text
    assert "ketle for kettle" in text
    assert "Recovered" in text
