from agent.dialogue.needs import dropped, instead, is_empty, need_of, query_of, refined, search_of
from agent.dialogue.state import Need
from agent.reading.lexis import Lexis
from agent.reading.parse import parse
from catalog.price import parse_money
from catalog.product import Money
from ranking.records import Sort


def usd(amount: int) -> Money:
    money = parse_money(amount, "USD")
    assert money
    return money


def need(lexis: Lexis, *turns: str) -> Need:
    first, *later = turns
    found = need_of(parse(first, lexis))
    for turn in later:
        found = refined(found, parse(turn, lexis))
    return found


def test_what_later_turns_say_is_searched_for_too(lexis: Lexis) -> None:
    assert query_of(need(lexis, "tank top", "plus size", "for women")) == "plus size tank top for women"


def test_a_word_said_twice_is_searched_for_once(lexis: Lexis) -> None:
    assert query_of(need(lexis, "boots", "hiking boots for men")) == "hiking boots for men"


def test_the_later_bound_holds(lexis: Lexis) -> None:
    where = need(lexis, "kettle under $80", "under $50").where
    assert where.price_max == usd(50)


def test_a_bound_that_contradicts_an_earlier_one_replaces_it(lexis: Lexis) -> None:
    where = need(lexis, "kettle over $60", "under $50").where
    assert (where.price_min, where.price_max) == (None, usd(50))


def test_a_color_replaces_a_color_in_the_requirements_and_in_the_words(lexis: Lexis) -> None:
    found = need(lexis, "blue kettle", "in red")
    assert "red" in found.where.attributes["color"]
    assert "blue" not in found.where.attributes["color"]
    assert query_of(found) == "red kettle"


def test_or_red_adds_to_the_colors(lexis: Lexis) -> None:
    found = refined(need(lexis, "blue kettle"), parse("red", lexis), extends=True)
    assert {"blue", "red"} <= set(found.where.attributes["color"])


def test_a_brand_replaces_a_brand(lexis: Lexis) -> None:
    found = need(lexis, "stroller by Nestaloo", "only Brevik")
    assert found.where.brands == ("Brevik",)
    assert "Nestaloo" not in query_of(found)


def test_for_men_replaces_for_women_but_adults_may_be_women(lexis: Lexis) -> None:
    assert query_of(need(lexis, "slippers for women", "for men")) == "slippers for men"
    assert query_of(need(lexis, "slippers for women", "for adults")) == "slippers for women adults"


def test_what_is_asked_for_after_all_is_excluded_no_longer(lexis: Lexis) -> None:
    found = need(lexis, "belt without buckle", "with a buckle")
    assert found.without.is_empty


def test_exclusions_add_up(lexis: Lexis) -> None:
    assert set(need(lexis, "snack bars without nuts", "no gluten").without.terms) == {"nuts", "gluten"}


def test_another_product_keeps_the_budget_and_not_the_words(lexis: Lexis) -> None:
    found = instead(need(lexis, "toaster under $80"), parse("kettle", lexis))
    assert query_of(found) == "kettle"
    assert found.where.price_max == usd(80)


def test_any_brand_is_fine_drops_the_brand_and_its_words(lexis: Lexis) -> None:
    found = dropped(need(lexis, "Nestaloo stroller under $500"), "brand")
    assert found is not None
    assert found.where.brands == ()
    assert query_of(found) == "stroller"
    assert found.where.price_max == usd(500)


def test_what_was_excluded_can_be_allowed_again(lexis: Lexis) -> None:
    found = dropped(need(lexis, "toy without batteries"), "batteries")
    assert found is not None
    assert found.without.is_empty


def test_what_is_not_required_cannot_be_dropped(lexis: Lexis) -> None:
    assert dropped(need(lexis, "dinnerware set"), "mugs") is None
    assert dropped(need(lexis, "kettle"), "price") is None
    assert dropped(need(lexis, "kettle"), "order") is None
    assert dropped(need(lexis, "kettle"), "filters") is None


def test_all_filters_go_together(lexis: Lexis) -> None:
    found = dropped(need(lexis, "red kettle without plastic under $50, cheapest first"), "filters")
    assert found is not None
    assert found.where.is_empty
    assert found.without.is_empty
    assert found.sort is Sort.RELEVANCE


def test_the_search_of_a_need_is_planned_and_not_read_again(lexis: Lexis) -> None:
    search = search_of(need(lexis, "belt without buckle"), 10)
    assert search.planned
    assert search.query == "belt"
    assert search.without.terms == ("buckle",)


def test_a_need_without_anything_is_empty() -> None:
    assert is_empty(Need())


def test_what_an_earlier_turn_asked_for_goes_where_it_is_excluded(lexis: Lexis) -> None:
    found = need(lexis, "rain jacket", "with a hood", "without a hood")
    assert found.without.terms == ("hood",)
    assert query_of(found) == "rain jacket"


def test_the_word_between_two_values_is_not_searched_for(lexis: Lexis) -> None:
    assert query_of(need(lexis, "rain jacket", "black or grey")) == "black grey rain jacket"
