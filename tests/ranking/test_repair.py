"""What is put right in a query, and above all what is left alone."""

import random
import re
from collections.abc import Iterator
from functools import partial

import pytest

from catalog.bm25 import FieldBm25, Lexer
from catalog.demo import products
from catalog.edge_home import EdgeHome
from catalog.index import ProductIndex
from catalog.indexing import build_index
from catalog.lexicon import Lexicon as CountedLexicon
from catalog.product import Product
from ranking.records import LONGEST_QUERY
from ranking.repair import repair
from tests.fakes import WordEncoder

Lexicon = partial(CountedLexicon, products=10_000)
LEXER = Lexer(FieldBm25())
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def demo() -> list[Product]:
    return list(products())


@pytest.fixture(scope="module")
def index(demo: list[Product], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductIndex]:
    home = EdgeHome(tmp_path_factory.mktemp("demo") / "demo.index")
    build_index(lambda: demo, home, WordEncoder())
    opened = ProductIndex(home, home.live(), WordEncoder())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shop(index: ProductIndex) -> CountedLexicon:
    return index.lexicon()


def searched(query: str, lexicon: CountedLexicon) -> str:
    repaired = repair(query, lexicon)
    return repaired.query if repaired else query


def changes(query: str, lexicon: CountedLexicon) -> tuple[tuple[str, str], ...]:
    repaired = repair(query, lexicon)
    return repaired.changes if repaired else ()


def terms(query: str) -> list[int]:
    return sorted(LEXER.query(query).indices)


# --- spelling --------------------------------------------------------------------------------------------


def test_misspelt_words_are_listed_as_written_and_as_searched(shop: CountedLexicon) -> None:
    repaired = repair("wirelss headphnoes", shop)
    assert repaired is not None
    assert repaired.query == "wireless headphones"
    assert repaired.changes == (("wirelss", "wireless"), ("headphnoes", "headphones"))


def test_a_misspelt_brand_becomes_the_brand(demo: list[Product], shop: CountedLexicon) -> None:
    assert "Kinevolt" in {product.brand for product in demo}
    assert changes("kinevlot", shop) == (("kinevlot", "kinevolt"),)


def test_the_neighbouring_word_decides_between_equals() -> None:
    words = {"mouse": 20, "moose": 20, "gaming": 9, "plush": 9}
    lexicon = Lexicon(words, {"gaming mouse": 4, "plush moose": 4})
    assert changes("gaming mosue", lexicon) == (("mosue", "mouse"),)
    assert changes("plush mopse", lexicon) == (("mopse", "moose"),)
    assert changes("mowse", Lexicon({"mouse": 20, "moose": 20, "morse": 20})) != (("mowse", "moose"),)


def test_two_candidates_that_are_about_as_common_are_both_refused() -> None:
    assert changes("blendar", Lexicon({"blender": 30})) == (("blendar", "blender"),)
    assert changes("carterb", Lexicon({"carters": 30, "cartera": 25})) == ()


def test_a_rare_misspelling_of_the_shop_itself_is_no_word() -> None:
    assert changes("keybord", Lexicon({"keyboard": 500, "keybord": 2})) == (("keybord", "keyboard"),)
    assert changes("keybord", Lexicon({"keyboard": 100, "keybord": 2})) == ()


def test_how_common_a_word_is_depends_on_the_size_of_the_shop() -> None:
    assert changes("papper", CountedLexicon({"paper": 4}, products=2_000)) == (("papper", "paper"),)
    assert changes("papper", CountedLexicon({"paper": 4}, products=20_000)) == ()


def test_long_words_may_hold_two_mistakes() -> None:
    assert changes("accesoires", Lexicon({"accessories": 9})) == (("accesoires", "accessories"),)


def test_a_wrong_first_letter_needs_a_long_word_or_company() -> None:
    lexicon = Lexicon({"microwave": 50, "box": 500, "boxes": 500, "apple": 500}, {"apple pie": 3})
    assert changes("nicrowave", lexicon) == (("nicrowave", "microwave"),)
    assert changes("xbox", lexicon) == ()
    assert changes("zpple", lexicon) == ()
    assert changes("zpple pie", lexicon) == (("zpple", "apple"),)


def test_what_the_index_has_is_not_misspelt_though_the_sample_missed_it() -> None:
    assert changes("keybord", Lexicon({"keyboard": 500}, occurs=lambda word: word == "keybord")) == ()


@pytest.mark.parametrize(
    "query",
    [
        "laptop",
        "blander",
        "tortila",
        "sprigg",
        "zoom",
        "grille",
        "waffled",
        "cremé",
        "laptopp stand",
    ],
)
def test_english_and_unlike_words_are_not_bent_into_what_the_shop_sells(query: str) -> None:
    lexicon = Lexicon(
        {"lapdog": 40, "bland": 40, "room": 400, "spring": 8, "girl": 90, "waffle": 40, "tor": 9}
    )
    assert changes(query, lexicon) == ()


@pytest.mark.parametrize(
    "query",
    [
        "wh1000xm5",
        "rtx4070",
        "iPAQ stand",
        "CDM-PSATA cable",
        "m.ouse",
        "наушникн",
        "ноутбук",
        "無線マウス",
        "tv",
        "ps4",
    ],
)
def test_model_numbers_codes_short_words_and_other_scripts_stay(query: str) -> None:
    lexicon = Lexicon({"ipad": 900, "sata": 900, "mouse": 900, "наушники": 900, "the": 900, "psatas": 900})
    assert searched(query, lexicon) == query


def test_a_known_brand_stays_beside_a_common_neighbour() -> None:
    words = {"spring": 900}
    assert changes("sprinq", Lexicon(words)) == (("sprinq", "spring"),)
    assert changes("sprinq", Lexicon(words, brands=["Sprinq & Sons"])) == ()


def test_plurals_of_known_words_stay() -> None:
    assert changes("zibbets", Lexicon({"zibbet": 1, "gibbets": 900})) == ()


# --- joined and split ------------------------------------------------------------------------------------


def test_words_that_the_shop_writes_apart_are_split(shop: CountedLexicon) -> None:
    assert changes("waterbottle", shop) == (("waterbottle", "waterbottle water bottle"),)
    assert changes("powerbank", shop) == (("powerbank", "powerbank power bank"),)


def test_a_hyphen_of_the_shop_counts_as_apart() -> None:
    lexicon = Lexicon({"e": 5, "cloth": 90}, {"e cloth": 5, "cloth": 60})
    assert changes("ecloth", lexicon) == (("ecloth", "ecloth e cloth"),)


def test_words_that_the_shop_writes_as_one_are_joined() -> None:
    lexicon = Lexicon(
        {"dishwasher": 40, "dish": 30, "washer": 9}, {"dishwasher": 40, "dish": 30, "washer": 9}
    )
    assert changes("dish washer", lexicon) == (("dish washer", "dishwasher"),)
    assert changes("dish-washer", lexicon) == (("dish-washer", "dishwasher"),)


def test_words_that_the_shop_also_writes_apart_stay_apart() -> None:
    lexicon = Lexicon({"handbag": 40}, {"handbag": 40, "hand bag": 9})
    assert changes("hand bag", lexicon) == ()


def test_words_that_may_stand_for_themselves_are_joined_only_if_that_fits() -> None:
    labels = {"carpet": 90, "car": 40, "pet": 60, "carpet cleaner": 7}
    assert changes("car pet seat", Lexicon(labels, labels)) == ()
    assert changes("car pet cleaner", Lexicon(labels, labels)) == (("car pet", "carpet"),)


def test_a_word_that_belongs_to_its_other_neighbour_is_not_joined() -> None:
    labels = {"carpet": 90, "pet seat": 2, "carpet seat": 5}
    assert changes("car pet seat", Lexicon(labels, labels)) == ()


def test_small_words_are_joined_to_each_other_only() -> None:
    lexicon = Lexicon({"without": 500, "format": 90}, {"without": 50, "format": 90})
    assert changes("mug with out handle", lexicon) == (("with out", "without"),)
    assert changes("for mat", lexicon) == ()


# --- signs, numbers, units -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("1/2pint mug", "1/2 pint mug"),
        ("1.75in belt", "1.75 inch belt"),
        ("13inch laptop", "13 inch laptop"),
        ('13" laptop', "13 inch laptop"),
        ("1½” binder", "1 1/2 inch binder"),
        ("%100 cotton", "100% cotton"),
        ("“red” lamp", "red lamp"),
        ('red lamp"', "red lamp"),
        ("women\u2019s shoe", "women's shoe"),
        ("ｌａｐｔｏｐ", "laptop"),  # noqa: RUF001
        ("lap\u200btop", "laptop"),
        ("red\x00\x07lamp", "red lamp"),
        ("Acme™ lamp", "Acme lamp"),
        ("½ inch", "1/2 inch"),
    ],
)
def test_signs_and_units_are_put_right_silently(query: str, meant: str) -> None:
    repaired = repair(query, Lexicon({}))
    assert repaired is not None
    assert (repaired.query, repaired.changes) == (meant, ())


@pytest.mark.parametrize(
    "query", ["5 in 1 tool", "2in1 laptop", "100% cotton", "5g phone", "3m tape", "4k tv", "a4"]
)
def test_numbers_that_are_no_sizes_stay(query: str) -> None:
    assert repair(query, Lexicon({})) is None


def test_sizes_are_written_as_the_shop_writes_them() -> None:
    together = Lexicon({"500ml": 9}, {"500ml": 9})
    apart = Lexicon({"500": 9, "ml": 9, "500ml": 1}, {"500 ml": 9, "500ml": 1})
    assert [searched(q, together) for q in ("500 ml", "500ml")] == ["500ml", "500ml"]
    assert [searched(q, apart) for q in ("500 ml", "500ml")] == ["500 ml", "500ml 500 ml"]


def test_a_unit_put_right_finds_the_products_that_write_it_so() -> None:
    assert terms(searched("1/2pint", Lexicon({}))) == terms("1/2 pint")
    assert terms(searched("13inch", Lexicon({}))) == terms("13 inches")


# --- any query -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "   ", '"', "\x00", "-", "🎧", "not red", "the", "red  lamp"])
def test_nothing_to_put_right_is_none(query: str, shop: CountedLexicon) -> None:
    assert repair(query, shop) is None


@pytest.mark.parametrize(
    "unit", ["a ", "headphnoes ", "1/2pint ", "xq", "🎧", '"', "½", "qwrtzpsdfgh", "\u200b", "﷽", "13in"]
)
def test_ten_thousand_characters_give_a_query_that_may_be_searched(unit: str, shop: CountedLexicon) -> None:
    query = (unit * LONGEST_QUERY)[:LONGEST_QUERY]
    assert len(searched(query, shop)) <= LONGEST_QUERY


def test_a_repaired_query_is_in_order(shop: CountedLexicon) -> None:
    for query in ("wirelss headphnoes", "waterbottle 1/2pint", "“powerbank” %100", "note book", "1½” binder"):
        assert repair(searched(query, shop), shop) is None


# --- measured on the demo catalogue ----------------------------------------------------------------------


def mistaken(word: str, chance: random.Random) -> str:
    """The word with one letter lost, added, replaced or swapped."""
    at, letter = chance.randrange(len(word) - 1), chance.choice(LETTERS)
    kinds = (
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    )
    changed = chance.choice(kinds)
    return changed if changed != word else mistaken(word, chance)


def test_most_single_mistakes_are_undone_and_hardly_one_made_worse(
    demo: list[Product], shop: CountedLexicon
) -> None:
    chance = random.Random(4)
    undone = worse = asked = 0
    while asked < 300:
        words = re.findall(r"[a-z]+", chance.choice(demo).title.lower())
        start = chance.randrange(max(1, len(words) - 1))
        query = words[start : start + chance.choice((2, 3))]
        long = [word for word in query if len(word) >= 5]
        if len(query) < 2 or not long:
            continue
        word = chance.choice(long)
        typed = " ".join(mistaken(w, chance) if w is word else w for w in query)
        found = searched(typed, shop)
        asked += 1
        undone += terms(found) == terms(" ".join(query))
        worse += found != typed and terms(found) != terms(" ".join(query))
    assert undone >= 0.8 * asked
    assert worse <= 0.01 * asked


def test_correct_queries_are_left_alone(demo: list[Product], shop: CountedLexicon) -> None:
    chance = random.Random(5)
    queries = [product.brand for product in demo if product.brand][:100]
    while len(queries) < 400:
        words = chance.choice(demo).title.split()
        start = chance.randrange(len(words))
        queries.append(" ".join(words[start : start + chance.choice((1, 2, 3))]))
    queries += [
        f"{chance.choice(LETTERS)}{chance.choice(LETTERS)}{chance.randrange(10, 9999)}" for _ in range(100)
    ]
    assert [query for query in queries if changes(query, shop)] == []
