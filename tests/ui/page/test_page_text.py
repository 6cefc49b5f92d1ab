import pytest

from ui.page.text import paragraphs, picture, seen, web_address


def test_what_does_not_show_is_gone_and_what_shows_is_kept() -> None:
    assert seen("so\u200bft\u202e la\u00admp\U000e0041\x00") == "soft lamp"
    assert seen("tab\tand\nline") == "tab and line"
    assert seen("caf\u0065\u0301") == "caf\u00e9"


def test_scripts_that_need_joiners_keep_them() -> None:
    persian, family = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f469\u200d\U0001f467"
    assert seen(persian) == persian
    assert seen(family) == family


def test_piles_of_accents_are_cut_down() -> None:
    assert seen("a" + "\u0330" * 40) == "a\u0330\u0330"


def test_a_text_that_is_too_long_says_that_it_goes_on() -> None:
    assert seen("x" * 50, 10) == "x" * 9 + "\u2026"


def test_lines_become_paragraphs() -> None:
    assert paragraphs("one\n\n two\u200b \n") == ("one", "two")


@pytest.mark.parametrize("url", ["https://shop.example/p?a=1&b=2#c", "http://localhost:80/x"])
def test_addresses_of_the_web_are_kept(url: str) -> None:
    assert web_address(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//shop.example/x",
        "/relative",
        "https://",
        "https://[broken",
        "https://user:pass@shop.example/",
        "https://shop.example/\u202egnp",
        "https://shop.example/a b",
        "https://shop.example/" + "x" * 3000,
        "",
        None,
    ],
)
def test_other_addresses_lead_nowhere(url: str | None) -> None:
    assert web_address(url) is None


def test_pictures_are_of_the_web_or_drawings_of_the_demo() -> None:
    assert picture(("/media/demo/desk-lamp.svg",)) == "media/demo/desk-lamp.svg"
    assert picture(("javascript:x", "https://cdn.example/a.jpg")) == "https://cdn.example/a.jpg"
    assert picture(("/media/demo/../secret.svg", "/etc/passwd", "data:image/svg+xml,x")) is None
    assert picture(()) is None
