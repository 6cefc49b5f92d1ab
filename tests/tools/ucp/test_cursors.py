"""Cursors that cannot be made up, changed, or used for another request."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidQuery
from tools.ucp.cursors import Place, opened, sealed

REQUEST = {"query": "belt", "filters": {"price": {"max": 5000}}}
PLACE = Place(start=20, plain=True)


def test_a_cursor_opens_to_where_it_was_sealed() -> None:
    assert opened(b"k", REQUEST, sealed(b"k", REQUEST, PLACE)) == PLACE


def test_the_order_of_a_requests_fields_does_not_matter() -> None:
    turned = {name: REQUEST[name] for name in reversed(REQUEST)}
    assert opened(b"k", turned, sealed(b"k", REQUEST, PLACE)) == PLACE


def test_every_changed_character_is_noticed() -> None:
    cursor = sealed(b"k", REQUEST, PLACE)
    for place, character in enumerate(cursor):
        other = "A" if character != "A" else "B"
        with pytest.raises(InvalidQuery, match=r"pagination\.cursor"):
            opened(b"k", REQUEST, cursor[:place] + other + cursor[place + 1 :])


@given(st.text(max_size=60) | st.text(alphabet=string.ascii_letters + "-_=", max_size=60))
def test_nothing_made_up_opens(cursor: str) -> None:
    with pytest.raises(InvalidQuery, match=r"pagination\.cursor"):
        opened(b"k", REQUEST, cursor)
