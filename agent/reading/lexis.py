"""The words by which a catalogue can be asked for, made ready for reading an utterance.

Brands, categories and attribute values, looked up by the longest phrase at a place; brands also with a
typing mistake. It says what a name could mean; whether it is a requirement, `agent.reading.parse` decides.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from catalog.keys import PATH, key
from catalog.lexicon import Lexicon, fold, is_english, words_of
from catalog.vocabulary import Attribute, Term, Vocabulary
from ranking.words import stem

LONGEST_NAME = 6  # words
MOST_VALUES = 20_000  # of all attributes are known; beyond, they are codes and numbers
LONGEST_VALUE = 4  # words; longer ones are sentences

SHORTEST_TYPO = 5  # letters of a brand that may be misspelt
LONG = 9  # letters from which on two mistakes are believed
MEANT = 0.5  # of the titles with an ordinary word, the share that the brand of that name must have
OWN = 0.2  # the same for a name that is no ordinary word: "Nintendo" is mostly on other makers' goods
FEWEST = 3  # titles; of fewer, the share says nothing
# Products of a brand that is required by its bare name: one or two, and the first page would be empty but for
# them, while ranking puts them first anyway.
A_FEW = 3

TYPES = frozenset(["type", "product type", "item type"])

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_AND = re.compile(r"\s*(?:&|,|\band\b|/)\s*")
# What feeds write where they know no brand, as `compact` leaves it.
NO_BRANDS = frozenset(
    "generic unknown none unbranded various other others na notavailable nobrand notapplicable handmade misc "  # noqa: SIM905
    "default brand author visiblebrand doesnotapply".split()
)
_APOSTROPHE = re.compile("['\u2019]")
_DENIALS = frozenset(["no", "not", "without", "free", "except"])


class Word(NamedTuple):
    """A word of an utterance, folded, with its place."""

    text: str
    start: int
    end: int


class Named(NamedTuple):
    """A brand found in words: how the shop writes it, how many words name it, and how sure that is."""

    label: str
    size: int
    certain: bool  # the name can hardly mean anything else here
    corrected: bool = False


class Lexis:
    """Made by `compile_lexis`; lookups take the words of `words` and a place among them."""

    def __init__(
        self,
        brands: Mapping[str, Term],
        certain: Collection[str],
        categories: Mapping[str, tuple[str, ...]],
        values: Mapping[str, Mapping[str, tuple[str, ...]]],
        switches: Mapping[str, str],
        labels: Mapping[str, tuple[str, ...]],
        products: Mapping[str, tuple[str, ...]],
        departments: Mapping[str, tuple[str, ...]],
        lexicon: Lexicon | None,
    ) -> None:
        self._brands = brands
        self._certain = certain
        self._categories = categories
        self._values = values
        self._switches = switches
        self._labels = labels
        self._products = products
        self._departments = departments
        self._lexicon = lexicon
        self._shelves: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for name in brands:
            if len(name) >= SHORTEST_TYPO and name.isalpha():
                self._shelves[name[0], len(name)].append(name)

    @cached_property
    def denials(self) -> frozenset[str]:
        """Brands with a "no" or "not" in their name, as `ranking.negation.wants` takes them."""
        labels = (key(term.label) for term in self._brands.values())
        return frozenset(name for name in labels if _DENIALS.intersection(name.split()))

    def brand_at(self, words: Sequence[Word], at: int) -> Named | None:
        """The longest brand that begins here, as the shop writes it or nearly so."""
        found, name = None, ""
        for size, word in enumerate(words[at : at + LONGEST_NAME], start=1):
            name += word.text if word.text != "and" else ""
            term = self._brands.get(name)
            if term and word.text != "and" and not self._splits(words, at, size, term):
                found = Named(term.label, size, name in self._certain)
        return found or self._misspelt(words, at)

    def categories_at(self, words: Sequence[Word], at: int) -> tuple[tuple[str, ...], int]:
        """The categories that the longest phrase from here names, and its length; one slip is forgiven."""
        for size in range(min(LONGEST_NAME, len(words) - at), 0, -1):
            phrase = " ".join(stem(word.text) for word in words[at : at + size])
            if names := self._categories.get(phrase):
                return names, size
        return self._nearly(words, at)

    def department(self, words: Sequence[Word]) -> tuple[str, ...]:
        """The departments that the words name and nothing else: "clothes" where the shop says Clothing."""
        return self._departments.get(" ".join(stem(word.text) for word in words if word.text != "and"), ())

    def products_at(self, words: Sequence[Word], at: int) -> tuple[tuple[str, ...], int]:
        """What kinds of product the longest phrase from here is the name of, and its length."""
        for size in range(min(LONGEST_NAME, len(words) - at), 0, -1):
            phrase = " ".join(stem(word.text) for word in words[at : at + size])
            if names := self._products.get(phrase):
                return names, size
        return (), 0

    def values_at(self, words: Sequence[Word], at: int) -> tuple[Mapping[str, tuple[str, ...]], int]:
        """What the longest phrase from here is a value of, by attribute, and its length."""
        for size in range(min(LONGEST_VALUE, len(words) - at), 0, -1):
            phrase = " ".join(stem(word.text) for word in words[at : at + size])
            if found := self._values.get(phrase):
                return found, size
        return {}, 0

    def is_only_a_name(self, word: str) -> bool:
        """Whether the word is neither English nor one of the shop's own words."""
        return (
            not is_english(word) and stem(word) not in self._values and stem(word) not in self._category_words
        )

    def attribute(self, names: Iterable[str]) -> str | None:
        """The first of the names that is a counted attribute of this shop."""
        return next((name for name in names if name in self._labels), None)

    def values_of(self, attribute: str) -> tuple[str, ...]:
        """The values of a counted attribute, most common first."""
        return self._labels[attribute]

    def switch_at(self, words: Sequence[Word], at: int) -> tuple[str | None, int]:
        """The yes-or-no attribute that the words from here name, and how many they are."""
        for size in range(min(LONGEST_VALUE, len(words) - at), 0, -1):
            phrase = " ".join(stem(word.text) for word in words[at : at + size])
            if name := self._switches.get(phrase):
                return name, size
        return None, 0

    def knows(self, word: str) -> bool:
        """Whether the word stands in a category or value, or is used by products."""
        stemmed = stem(word)
        known = stemmed in self._values or stemmed in self._category_words or stemmed in self._switches
        return known or bool(self._lexicon and self._lexicon.count(word))

    @cached_property
    def _category_words(self) -> frozenset[str]:
        return frozenset(word for phrase in self._categories for word in phrase.split())

    @cached_property
    def _category_shelf(self) -> tuple[str, ...]:
        return tuple(phrase for phrase in self._categories if len(phrase) >= SHORTEST_TYPO)

    def _splits(self, words: Sequence[Word], at: int, size: int, term: Term) -> bool:
        """Whether ordinary words only happen to spell a name together: "can on" is no Canon."""
        apart = size > len(words_of(term.label))
        return apart and all(is_english(word.text) for word in words[at : at + size])

    def _misspelt(self, words: Sequence[Word], at: int) -> Named | None:
        for size in (3, 2, 1):
            part = words[at : at + size]
            name = "".join(word.text for word in part)
            if len(part) < size or len(name) < (SHORTEST_TYPO if size == 1 else LONG) or not name.isalpha():
                continue
            if size == 1 and (self.knows(name) or is_english(name)):
                continue
            label = self._near(name, size, part[0].text)
            if label is not None:
                return Named(label, size, certain=True, corrected=True)
        return None

    def _near(self, name: str, size: int, first: str) -> str | None:
        """The one brand of as many words that is a slip or two away."""
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        allowed = 2 if len(name) >= LONG and size == 1 else 1
        shelves = [
            self._shelves.get((name[0], len(name) + more), ()) for more in range(-allowed, allowed + 1)
        ]
        found = []
        for shelf in shelves:
            if shelf:
                near = extract(name, shelf, scorer=OSA.distance, score_cutoff=allowed, limit=3)
                found += [(distance, candidate) for candidate, distance, _ in near]
        same = [
            (distance, self._brands[candidate].label)
            for distance, candidate in found
            if len(words_of(self._brands[candidate].label)) == size
            and (size == 1 or words_of(self._brands[candidate].label)[0] == first)
        ]
        best = sorted(same)
        if not best or (len(best) > 1 and best[1][0] == best[0][0]):
            return None
        return best[0][1]

    def _nearly(self, words: Sequence[Word], at: int) -> tuple[tuple[str, ...], int]:
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extractOne

        word = stem(words[at].text) if at < len(words) else ""
        if len(word) < SHORTEST_TYPO or self.knows(words[at].text) or is_english(words[at].text):
            return (), 0
        near = extractOne(word, self._category_shelf, scorer=OSA.distance, score_cutoff=1)
        return (self._categories[near[0]], 1) if near else ((), 0)


def words(text: str) -> list[Word]:
    """The words of a text, folded, with their places; a possessive counts as its owner."""
    found = []
    for match in _WORD.finditer(text):
        folded = fold(match.group()).removesuffix("'s").replace("'", "")
        found.append(Word(folded, *match.span()))
    return found


def compile_lexis(vocabulary: Vocabulary, lexicon: Lexicon | None = None) -> Lexis:
    """Make a vocabulary ready. The lexicon, where there is one, tells brands from ordinary words: it counts
    how often a title with the word is one of the brand's.
    """
    brands: dict[str, Term] = {}
    for term in vocabulary.brands:  # most common first
        name = compact(term.label)
        if len(name) > 1 and name not in NO_BRANDS and not name.isdigit():
            brands.setdefault(name, term)
            brands.setdefault(compact(_APOSTROPHE.sub("", term.label)), term)  # "levis"
    categories = _categories(vocabulary)
    values = _values(vocabulary.attributes)
    switches = {
        _phrase(attribute.name): attribute.name
        for attribute in vocabulary.attributes
        if attribute.kind == "yes/no"
    }
    spoken = {word for phrase in (*categories, *values, *switches) for word in phrase.split()}
    sampled = lexicon.products / max(vocabulary.products, 1) if lexicon else 0.0
    certain = {name for name, term in brands.items() if _is_certain(term, spoken, lexicon, min(sampled, 1.0))}
    labels = {
        attribute.name: tuple(term.label for term in attribute.values)
        for attribute in vocabulary.attributes
        if attribute.kind != "yes/no" and attribute.values
    }
    departments = _departments(vocabulary)
    products = _products(vocabulary)
    return Lexis(brands, certain, categories, values, switches, labels, products, departments, lexicon)


def compact(name: str) -> str:
    """A name without spaces, signs and "and": "Basten & Pym" and "basten and pym" are the same."""
    return "".join(word for word in words_of(name) if word != "and")


def _is_certain(term: Term, spoken: Collection[str], lexicon: Lexicon | None, sampled: float) -> bool:
    """Whether the name alone, in lower case and without "by", means the brand."""
    parts = words_of(term.label)
    if term.count < A_FEW:
        return False
    ordinary = all(is_english(part) or stem(part) in spoken for part in parts)
    titles = lexicon.labelled(*parts[:2]) if lexicon else 0
    if titles < FEWEST:
        return not ordinary and len("".join(parts)) > 2
    return term.count * sampled >= (MEANT if ordinary else OWN) * titles


def _categories(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """By stemmed name, every node of that name; both halves of "Kitchen & Dining" answer for it.

    Where nothing is called just "kettles", all kinds of kettles are.
    """
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    kinds: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for category in vocabulary.categories:
        level = category.path[-1]
        name = PATH.join(category.path)
        for spoken in (level, *_AND.split(level)):
            if phrase := _phrase(spoken):
                found[phrase][name] = None
                kinds[phrase.rpartition(" ")[2]][name] = None
    return {phrase: tuple(names) for phrase, names in (kinds | found).items()}


def _departments(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """By stemmed name, or half of one, the uppermost shelves that hold others. What a shelf below is called
    as well, "luggage" in "Travel & Luggage", is better searched for.
    """
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    above = {category.path[:1] for category in vocabulary.categories if len(category.path) > 1}
    below = {_phrase(level) for category in vocabulary.categories for level in category.path[1:]}
    for category in vocabulary.categories:
        if category.path in above:
            for spoken in {_phrase(name) for name in (category.path[0], *_AND.split(category.path[0]))}:
                if spoken and spoken not in below:
                    found[spoken][category.path[0]] = None
    return {phrase: tuple(names) for phrase, names in found.items()}


def _products(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """By stemmed name, the kinds of product called so: categories that hold products, and values of "type".

    "Bags" is what all kinds of bags are; a shelf such as "Outdoor" is nothing that can be bought.
    """
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    shelves = {category.path[:-1] for category in vocabulary.categories}
    leaves = [category.path for category in vocabulary.categories if category.path not in shelves]
    for path in leaves:
        for spoken in (path[-1], *_AND.split(path[-1])):
            if phrase := _phrase(spoken):
                found[phrase][PATH.join(path)] = None
                found[phrase.rpartition(" ")[2]][PATH.join(path)] = None
    for attribute in vocabulary.attributes:
        if attribute.name in TYPES:
            for term in attribute.values[:MOST_VALUES]:
                if phrase := _phrase(term.label):
                    found[phrase].setdefault(term.label)
    return {phrase: tuple(names) for phrase, names in found.items()}


def _values(attributes: Iterable[Attribute]) -> dict[str, dict[str, tuple[str, ...]]]:
    """By stemmed value, the attributes that have it and how each writes it."""
    found: defaultdict[str, defaultdict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    left = MOST_VALUES
    for attribute in attributes:
        if attribute.kind != "text":
            continue
        for term in attribute.values[:left]:
            parts = words_of(term.label)
            if 0 < len(parts) <= LONGEST_VALUE and not all(part.isdigit() for part in parts):
                found[" ".join(map(stem, parts))][attribute.name][term.label] = None
        left = max(0, left - len(attribute.values))
    return {phrase: {name: tuple(of) for name, of in by.items()} for phrase, by in found.items()}


def _phrase(text: str) -> str:
    return " ".join(map(stem, (word for word in words_of(text) if word != "and")))
