"""How a model is told to grade: scales as prompt files, and a listing as quoted data. Asks no model.

What is the same for all pairs stands first, so that a server which keeps prompts reads it once.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from agent.llm.chat import Message
from agent.llm.prompts import Prompt, load_prompt
from catalog.product import Product
from core.errors import InvalidQuery
from core.record import Record
from eval.judge.addressing import as_judged
from eval.judge.records import Case
from ranking.words import words
from tools.untrusted import quoted, tamed

FOLDER = Path(__file__).with_suffix("")
FORMS = Path(__file__).with_name("forms.toml")
NAMES = frozenset({"form", "query", "product"})
LONGEST_QUERY = 300  # characters
QUOTED = 3  # raise when listings are quoted differently
LEVELS = 3  # of the category path, from the leaf up

_MEANING = re.compile(r"^([0-3]): (.+)$", re.MULTILINE)

Form = Literal["digit", "reason"]


class Reading(Record):
    """How much of a listing is shown, in characters, or in attributes with their values."""

    title: int = 200
    category: int = 100
    attributes: int = 8
    value: int = 60
    description: int = 400


FULL = Reading()
BRIEF = Reading(title=120, category=60, attributes=0, description=0)  # a small model on a CPU reads slowly


class Rubric(Record):
    """A scale with the form of the answer and what is shown of a product: all that a prompt depends on."""

    prompt: Prompt
    form: Form = "digit"
    reading: Reading = FULL

    @property
    def id(self) -> str:
        """Name, version and a digest of the rest, so that an edited file is not taken for the one before."""
        digest = hashlib.sha256(f"{self.model_dump_json()}{wording(self.form)}{QUOTED}".encode())
        return f"{self.prompt.id}-{digest.hexdigest()[:8]}"

    @property
    def scale(self) -> dict[int, str]:
        """What each grade means, from the lines that say so: "3: exactly what was asked for"."""
        text = "\n".join(message.content for message in self.prompt.messages)
        return {int(found[1]): found[2] for found in _MEANING.finditer(text)}

    def messages(self, case: Case) -> tuple[Message, ...]:
        """What a model is asked about a pair."""
        return self.prompt.fill(
            form=wording(self.form),
            query=quoted(case.pair.query, LONGEST_QUERY),
            product=quoted_product(case.product, self.reading, case.pair.query),
        )


def load_rubric(name_or_file: str, form: Form = "digit", reading: Reading = FULL) -> Rubric:
    """A rubric that comes with Aisle, or a file of one's own in the same form."""
    path = FOLDER / f"{name_or_file}.toml"
    if not path.is_file():
        path = Path(name_or_file)
    if not path.is_file():
        raise InvalidQuery(
            f"no rubric and no file {name_or_file!r}; choose from: {', '.join(rubric_names())}"
        )
    return Rubric(prompt=load_prompt(path, NAMES), form=form, reading=reading)


def rubric_names() -> Sequence[str]:
    """The rubrics that come with Aisle."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def quoted_product(product: Product, reading: Reading = FULL, query: str = "") -> str:
    """A listing as JSON whose strings hold nothing that a prompt is built of; unknown fields are not there.

    Of the attributes, those come first that have a word of the query in them.
    """
    product, asked = as_judged(product), set(words(query))
    stated = {name: ", ".join(values) for name, values in product.attributes.items()}
    order = sorted(stated, key=lambda name: (asked.isdisjoint(words(f"{name} {stated[name]}")), name))
    fields: dict[str, object] = {
        "title": tamed(product.title, reading.title),
        "brand": tamed(product.brand or "", reading.value),
        "category": tamed(" > ".join(product.categories[-LEVELS:]), reading.category),
        "attributes": {
            tamed(name, reading.value): tamed(stated[name], reading.value)
            for name in order[: reading.attributes]
        },
        "description": tamed(product.description or "", reading.description) if reading.description else "",
    }
    return json.dumps({name: said for name, said in fields.items() if said}, ensure_ascii=False)


@cache
def wording(form: Form) -> str:
    """How a prompt asks for this form."""
    said: str = tomllib.loads(FORMS.read_text(encoding="utf-8"))[form]
    return said
