"""The phrases as data: what a file may say, and how counts, money and lists are written."""

from pathlib import Path

import pytest

from agent.wording.phrases import FOLDER, phrases, read_phrases
from catalog.product import Money
from core.errors import InvalidSource

PRICED = 'priced = "{title} ({price})"'
ENGLISH = (FOLDER / "en.toml").read_text(encoding="utf-8")


def changed(folder: Path, old: str, new: str, name: str = "en") -> Path:
    """The English file with one place changed."""
    assert old in ENGLISH
    path = folder / f"{name}.toml"
    path.write_text(ENGLISH.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize("language", ["en", "en-GB", "EN_us", "tlh", ""])
def test_a_language_without_phrases_gets_the_english_ones(language: str) -> None:
    assert phrases(language).language == "en"


def test_what_is_declared_is_no_language() -> None:
    assert phrases("declared").language == "en"


def test_a_count_decides_the_plural_form() -> None:
    english = phrases("en")
    assert english.say("found.who_some", count=1) == "one of them"
    assert english.say("found.who_some", count=2) == "2 of them"


def test_numbers_and_money_are_written_as_the_language_does() -> None:
    english = phrases("en")
    price = Money(amount=129900, currency="USD")
    assert english.say("lead.priced", title="Kettle", price=price) == "Kettle ($1,299.00)"
    assert "1,204 products" in english.say("chat.selling", count=1204, departments="Kitchen")


def test_a_language_of_its_own_has_its_own_separators_and_plurals(tmp_path: Path) -> None:
    path = changed(tmp_path, 'locale = "en_US"', 'locale = "de_DE"', "de")
    german = read_phrases(path)
    assert german.language == "de"
    assert german.write(Money(amount=129900, currency="EUR")) == "1.299,00\u00a0€"
    assert german.listed(["rot", "blau"], either=True) == "rot oder blau"


def test_facts_with_braces_are_text() -> None:
    assert phrases("en").say("found.nothing_for", query="{count} {0}") == "Nothing for “{count} {0}”."


def test_a_fact_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError):
        phrases("en").say("lead.priced", title="Kettle")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (PRICED, 'priced = "{title}"', "speaks of title where price, title is declared"),
        (PRICED, 'priced = "{title.id} ({price})"', "title.id"),
        (PRICED, 'priced = "{title ({price})"', "lead.priced"),
        (PRICED, "", "no phrase for lead.priced"),
        (PRICED, f'{PRICED}\nextra = "hm"', "nobody says lead.extra"),
        (PRICED, "priced = 7", "not a file of phrases"),
        ("one = \"one of them\", ", "", "plural forms must be one, other"),
        ('locale = "en_US"', 'locale = "xx_YY"', "not a file of phrases"),
        ('locale = "en_US"', 'hello = "x"', "hello stands outside"),
        ("[found]", "[found", "not a file of phrases"),
    ],
)  # fmt: skip
def test_a_file_that_differs_from_what_is_declared_is_refused(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(InvalidSource) as refused:
        read_phrases(changed(tmp_path, old, new))
    assert says in str(refused.value)


def test_plural_forms_are_those_of_the_language(tmp_path: Path) -> None:
    polish = changed(tmp_path, 'locale = "en_US"', 'locale = "pl_PL"', "pl")
    with pytest.raises(InvalidSource, match="plural forms must be few, many, one, other"):
        read_phrases(polish)
