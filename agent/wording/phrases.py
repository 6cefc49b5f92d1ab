"""The sentences of the assistant, as data: one file per language, checked against what is declared.

A phrase is a template or, where a count decides, a template per plural form. It chooses no phrase, and
states no fact that it was not given.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from pydantic import ValidationError

from catalog.price import format_money
from catalog.product import Money
from core.errors import InvalidSource
from core.record import Record

FOLDER = Path(__file__).with_suffix("")
DECLARED = FOLDER / "declared.toml"
DEFAULT = "en"
COUNT = "count"  # the fact that decides a plural form

Template = str | Mapping[str, str]


class Phrases(Record):
    """Everything the assistant can say in one language."""

    language: str
    locale: str
    templates: Mapping[str, Template]

    def say(self, key: str, **facts: str | int | float | Money) -> str:
        """A phrase with its facts; numbers and money are written as the language does."""
        template = self.templates[key]
        if not isinstance(template, str):
            template = template[self._form(facts[COUNT])]
        return template.format(**{name: self.write(fact) for name, fact in facts.items()})

    def write(self, fact: str | int | float | Money) -> str:
        """One fact in words."""
        from babel.numbers import format_decimal

        if isinstance(fact, Money):
            return format_money(fact, self.locale)
        return fact if isinstance(fact, str) else str(format_decimal(fact, locale=self.locale))

    def listed(self, items: Iterable[str], *, either: bool = False) -> str:
        """Items as a list in a sentence: "a, b, and c", or "a, b, or c"."""
        from babel.lists import format_list

        return str(format_list(list(items), style="or" if either else "standard", locale=self.locale))

    def _form(self, count: Any) -> str:
        from babel.core import Locale

        return str(Locale.parse(self.locale).plural_form(count))


@cache
def phrases(language: str) -> Phrases:
    """The phrases of a language, written like "de" or "de-AT"; English where there are none."""
    name = re.split(r"[-_]", language.lower())[0]
    known = {path.stem: path for path in FOLDER.glob("*.toml") if path != DECLARED}
    return read_phrases(known.get(name, known[DEFAULT]))


def read_phrases(path: Path) -> Phrases:
    """Read a language file. It must say all that is declared and with exactly the declared facts."""
    from babel.core import Locale, UnknownLocaleError

    tables = _tables(path)
    try:
        found = Phrases(
            language=path.stem, locale=tables.pop("locale", path.stem), templates=dict(_flat(tables))
        )
        forms = {"other", *Locale.parse(found.locale).plural_form.tags}
    except (ValidationError, UnknownLocaleError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidSource(f"{path}: not a file of phrases ({reason})") from error
    declared = {key: frozenset(names) for key, names in _flat(_tables(DECLARED))}
    if missing := declared.keys() - found.templates.keys():
        raise InvalidSource(f"{path}: no phrase for {', '.join(sorted(missing))}")
    if unknown := found.templates.keys() - declared.keys():
        raise InvalidSource(f"{path}: nobody says {', '.join(sorted(unknown))}; see {DECLARED.name}")
    for key, template in found.templates.items():
        _check(f"{path}: {key}", template, declared[key], forms)
    return found


def _check(place: str, template: Template, declared: frozenset[str], forms: set[str]) -> None:
    if not isinstance(template, str):
        if COUNT not in declared or template.keys() != forms:
            raise InvalidSource(f"{place}: plural forms must be {', '.join(sorted(forms))}, of a count")
        for form, text in template.items():
            # A form may do without its number: "one of them", "do not say".
            unsaid = {COUNT} - _placeholders(f"{place}.{form}", text)
            _check(f"{place}.{form}", text, declared - unsaid, forms)
        return
    if (named := _placeholders(place, template)) != declared:
        wanted, got = (", ".join(sorted(names)) or "nothing" for names in (declared, named))
        raise InvalidSource(f"{place}: speaks of {got} where {wanted} is declared")


def _placeholders(place: str, template: str) -> frozenset[str]:
    try:
        return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)
    except ValueError as error:
        raise InvalidSource(f"{place}: {error}") from error


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSource(f"{path}: not a file of phrases ({error})") from error


def _flat(tables: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Phrases by "section.name"; a table inside a section is one phrase in its plural forms."""
    for section, entries in tables.items():
        if not isinstance(entries, Mapping):
            raise InvalidSource(f"phrases: {section} stands outside of any section")
        for name, entry in entries.items():
            yield f"{section}.{name}", entry
