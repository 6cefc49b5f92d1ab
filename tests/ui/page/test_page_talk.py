"""Turns and errands of the page over the demo catalogue, without a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.conversations import Conversations
from agent.loop import Assistant
from agent.talks import Talks
from behavior.reading import read
from behavior.recorder import Recorder
from behavior.records import Event, Query
from catalog.keys import PATH
from catalog.product import Money
from core.errors import InvalidQuery
from tools.shop import Shop
from ui.page.errands import errand
from ui.page.first import first_visit
from ui.page.talk import OWNER, Frame, turn

FIFTY = {"amount": 5000, "currency": "USD"}


class Tab:
    """A browser's tab, as far as the server can tell."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop = shop
        self.assistant = Assistant(shop)
        self.conversations = Conversations(folder / "conversations.sqlite")
        self.talks = Talks(self.assistant, self.conversations)
        self.recorder = Recorder(folder / "behavior")
        self.turns = 0
        self.handle = ""
        self.query = ""

    def ask(self, **asked: Any) -> list[Frame]:
        self.turns += 1
        payload = {"turn": self.turns, "handle": self.handle, "query": self.query, **asked}
        frames = list(turn(self.talks, self.shop, self.recorder, payload))
        self.handle, self.query = frames[-1].handle, frames[-1].query
        return frames

    def edit(self, do: str, **edit: Any) -> Frame:
        return self.ask(edit={"do": do, **edit})[-1]

    def errand(self, what: str, **asked: Any) -> dict[str, Any]:
        return errand(
            self.assistant,
            self.talks,
            self.shop,
            self.recorder,
            {"what": what, "handle": self.handle, **asked},
        )

    @property
    def shown(self) -> tuple[str, ...]:
        return self.talks.state(self.handle, OWNER).shown

    def prices(self) -> list[Money]:
        return [p.price for p in self.shop.index.get(self.shown).values() if p.price]

    def close(self) -> None:
        self.conversations.close()
        self.recorder.close()


@pytest.fixture
def tab(shop: Shop, tmp_path: Path) -> Iterator[Tab]:
    opened = Tab(shop, tmp_path)
    yield opened
    opened.close()


def logged(folder: Path) -> list[Query | Event]:
    return [one for one in read(folder / "behavior") if isinstance(one, Query | Event)]


def test_results_are_shown_before_the_turn_is_done(tab: Tab) -> None:
    frames = tab.ask(say="desk lamp under $50")
    first = next(place for place, frame in enumerate(frames) if frame.shelf)
    assert first < len(frames) - 1
    assert [frame.done for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert "under $50" in (frames[-1].plan or "")
    assert "How this answer was made" in frames[-1].reply


def test_a_turn_without_a_search_leaves_the_shelf_as_it_is(tab: Tab) -> None:
    tab.ask(say="desk lamp")
    assert all(frame.shelf is None for frame in tab.ask(say="thank you"))


def test_a_removed_chip_searches_again_without_it(tab: Tab) -> None:
    tab.ask(say="desk lamp under $50")
    assert max(price.amount for price in tab.prices()) <= 5000
    frame = tab.edit("remove", part={"kind": "price"})
    assert max(price.amount for price in tab.prices()) > 5000
    assert "under $50" not in (frame.plan or "")


def test_a_changed_price_holds(tab: Tab) -> None:
    tab.ask(say="desk lamp")
    tab.edit("change", part={"kind": "price"}, values=["", "40"])
    assert max(price.amount for price in tab.prices()) <= 4000


def test_an_amount_that_is_none_is_told_of_and_changes_nothing(tab: Tab) -> None:
    tab.ask(say="desk lamp")
    before = tab.shown
    with pytest.raises(InvalidQuery, match="is no price"):
        tab.edit("change", part={"kind": "price"}, values=["cheap", ""])
    assert tab.shown == before


def test_sorted_by_hand(tab: Tab) -> None:
    tab.ask(say="desk lamp")
    tab.edit("sort", values=["price_up"])
    amounts = [price.amount for price in tab.prices()]
    assert len(amounts) > 2
    assert tab.talks.state(tab.handle, OWNER).wanted.needs[0].sort == "price_up"


def test_not_this_never_comes_back_in_the_conversation(tab: Tab) -> None:
    tab.ask(say="desk lamp")
    unwanted = tab.shown[0]
    tab.edit("hide", id=unwanted)
    assert unwanted not in tab.shown
    tab.ask(say="under $100")
    assert unwanted not in tab.shown


def test_more_like_this_stays_on_its_shelf(tab: Tab) -> None:
    tab.ask(say="desk lamp")
    meant = tab.shown[1]
    tab.edit("like", id=meant)
    shelf = tab.shop.index.get([meant])[meant].categories
    found = tab.shop.index.get(tab.shown)
    assert meant not in tab.shown
    assert found[tab.shown[0]].categories == shelf


def test_a_repair_is_undone_with_one_click(tab: Tab) -> None:
    frames = tab.ask(say="desk lmap")
    assert 'data-edit="undo"' in frames[-1].reply
    tab.edit("undo", repair={"query": "desk lamp", "changes": [["lmap", "lamp"]]})
    (need,) = tab.talks.state(tab.handle, OWNER).wanted.needs
    assert "lmap" in need.phrases[0].text


def test_a_relaxation_is_taken_as_it_was_counted(tab: Tab) -> None:
    frames = tab.ask(say="desk lamp under $12")
    assert 'data-edit="relax"' in frames[-1].reply
    tab.edit("relax", where={"price_max": FIFTY})
    assert tab.shown
    assert max(price.amount for price in tab.prices()) <= 5000


def test_an_answer_to_a_question_becomes_a_requirement(tab: Tab) -> None:
    tab.ask(say="jacket")
    tab.edit("choose", facet="color", values=["navy"])
    (need,) = tab.talks.state(tab.handle, OWNER).wanted.needs
    assert need.where.attributes == {"color": ("navy",)}


def test_a_department_can_be_walked_through(tab: Tab) -> None:
    tab.edit("browse", values=["Camping"])
    found = tab.shop.index.get(tab.shown)
    assert {product.categories[0] for product in found.values()} == {"Camping"}


def test_a_conversation_that_is_no_longer_kept_begins_anew_and_says_so(tab: Tab) -> None:
    tab.handle = "long-gone"
    frames = tab.ask(say="desk lamp")
    assert tab.handle != "long-gone"
    assert "no longer kept" in frames[-1].reply


def test_tabs_do_not_hear_each_other(tab: Tab) -> None:
    tab.ask(say="desk lamp under $50")
    first, tab.handle = tab.handle, ""
    tab.ask(say="running shoes")
    assert tab.handle != first
    assert tab.talks.state(first, OWNER).history[0].utterance == "desk lamp under $50"
    assert len(tab.talks.state(tab.handle, OWNER).history) == 1


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {"turn": "x"},
        {"turn": 1, "say": "x" * 3000},
        {"turn": 1, "edit": {"do": "drop tables"}},
        {"turn": 1, "unknown": 1},
        {"turn": 1, "edit": {"do": "relax", "where": {"price_max": "no"}}},
    ],
)
def test_what_a_browser_would_not_send_is_refused(tab: Tab, payload: Any) -> None:
    with pytest.raises(InvalidQuery):
        list(turn(tab.talks, tab.shop, tab.recorder, payload))


def test_a_conversation_opens_again_as_it_was_left(tab: Tab) -> None:
    tab.ask(say="desk lamp under $50")
    tab.edit("remove", part={"kind": "price"})
    again = tab.errand("open")
    assert len(again["talk"]) == 2
    assert all(f'data-key="{one}"' in again["shelf"] for one in tab.shown)
    assert "desk lamp under $50" in again["talk"][0]["said"]
    assert len(tab.talks.state(tab.handle, OWNER).history) == 2


def test_a_first_visit_offers_searches_that_find_something(tab: Tab) -> None:
    shown = first_visit(tab.shop)
    assert len(shown.examples) >= 3
    assert len(shown.departments) >= 6
    for example in shown.examples:
        tab.handle = ""
        tab.ask(say=example)
        assert tab.shown, example


def test_departments_have_a_picture_and_lead_somewhere(shop: Shop) -> None:
    for department in first_visit(shop).departments:
        assert department.images
        assert department.count == shop.index.count(where_in(department.path))


def where_in(path: tuple[str, ...]) -> Any:
    from catalog.where import Where

    return Where(categories=(PATH.join(path),))


def test_details_tell_all_and_show_what_is_similar(tab: Tab) -> None:
    tab.ask(say="desk lamp")
    sheet = tab.errand("details", ids=[tab.shown[0]])["sheet"]
    assert "In detail" in sheet
    assert "Similar" in sheet
    with pytest.raises(InvalidQuery, match="no longer sold"):
        tab.errand("details", ids=["nothing"])


def test_a_comparison_needs_two_to_four(tab: Tab) -> None:
    tab.ask(say="desk lamp")
    assert "Side by side" in tab.errand("compare", ids=tab.shown[:3])["sheet"]
    with pytest.raises(InvalidQuery):
        tab.errand("compare", ids=tab.shown[:1])


def test_the_shortlist_has_notes_and_lines_to_take_away(tab: Tab) -> None:
    tab.ask(say="desk lamp")
    first = tab.shown[0]
    answer = tab.errand("shortlist", ids=[first, "gone"], notes={first: "for <b>Ann</b>"})
    assert "for &lt;b&gt;Ann&lt;/b&gt;" in answer["sheet"]
    (line,) = answer["lines"]
    assert (line["id"], line["note"]) == (first, "for <b>Ann</b>")
    assert line["price"].startswith("$")


def test_an_editor_offers_the_values_that_the_shop_counts(tab: Tab) -> None:
    tab.ask(say="red desk lamp")
    form = tab.errand("editor", part={"kind": "attribute", "name": "color"})["editor"]
    assert 'value="black"' in form
    with pytest.raises(InvalidQuery):
        tab.errand("editor", part={"kind": "price", "need": 9})


def test_searches_and_deeds_are_logged_with_what_they_refer_to(tab: Tab, tmp_path: Path) -> None:
    tab.ask(say="desk lamp under $50", visitor="ann")
    shown, query = tab.shown, tab.query
    tab.errand("details", ids=[shown[0]], query=query, place=1, visitor="ann")
    tab.errand("event", action="thumbs_up", ids=[shown[1]], query=query, place=2, visitor="ann")
    tab.ask(edit={"do": "hide", "id": shown[2]}, visitor="ann")
    records = logged(tmp_path)
    queries = [one for one in records if isinstance(one, Query)]
    events = [one for one in records if isinstance(one, Event) and one.action_name != "impression"]
    assert queries[0].user_query == "desk lamp under $50"
    assert queries[0].query_response_hit_ids == shown
    assert [(one.action_name, one.product, one.query_id) for one in events] == [
        ("view", shown[0], query),
        ("thumbs_up", shown[1], query),
        ("not_this", shown[2], query),
    ]
    assert all(one.client_id and one.client_id != "ann" for one in events)


def test_the_page_logs_only_what_a_page_can_do(tab: Tab) -> None:
    with pytest.raises(InvalidQuery, match="no such action"):
        tab.errand("event", action="purchase", ids=["x"])
