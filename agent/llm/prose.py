"""A reply in a model's own words, of which only what has passed the audit is ever shown.

The model's text is read as it streams and audited sentence by sentence; a sentence is yielded once the audit
has no objection to it and to all before it. At the first objection the call is ended and the model asked once
more, with what was shown, what it wrote and why that cannot stand. If that fails too, or the model does, the
template answer is the reply: `Written.text` is what counts, and replaces sentences that were shown before it.
The embedded model writes no prose. Which turns deserve prose is for the caller to decide: what a search could
not find, and what could be relaxed, are counts that only the template knows.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path

from agent.llm.audit import Objection, audit
from agent.llm.chat import Ask, Cancel, ChatModel, Reply, Usage
from agent.llm.prompts import Prompt, load_prompt
from agent.llm.records import records
from agent.llm.subjects import SENTENCE, cited
from catalog.product import Product
from core.errors import ModelUnavailable
from core.record import Record
from tools.untrusted import quoted

PROMPTS = Path(__file__).with_name("models")
MOST_PRODUCTS = 6  # of those shown, that a reply may speak of
MOST_SENTENCES = 4
LONGEST_REPLY = 220  # tokens
LONGEST_MESSAGE = 500  # characters
LONGEST_DRAFT = 600
MOST_OBJECTIONS = 4

_EMPTY = "-"


class Written(Record):
    """The whole reply. `cites` are product ids; `objections` are those that the audit ever made.

    `usage` is unknown where a call was ended early or failed, and `problem` says why a model gave no reply.
    """

    text: str
    cites: tuple[str, ...] = ()
    repaired: bool = False
    templated: bool = False
    objections: tuple[Objection, ...] = ()
    usage: Usage | None = None
    problem: str | None = None


Prose = Generator[str | Written, None, None]  # sentences that may be shown, then the reply


def write(
    model: ChatModel,
    message: str,
    products: Sequence[Product],
    template: str,
    cancel: Cancel | None = None,
) -> Prose:
    """Yield audited sentences about the products on show, then `Written`; a cancelled call raises."""
    attempt = _Attempt(model, message, tuple(products[:MOST_PRODUCTS]), cancel)
    objections: tuple[Objection, ...] = ()
    problem = None
    try:
        last = yield from attempt.stream(attempt.first())
        objections += last
        if last:
            last = yield from attempt.stream(attempt.again(last))
            objections += last
    except ModelUnavailable as error:
        if cancel and cancel.is_set:
            raise
        problem = str(error)
    repaired = bool(objections) and problem is None and not last
    if problem is None and not last:
        text = " ".join(attempt.passed)
        cites = tuple(attempt.products[place].id for place in cited(text))
        yield Written(text=text, cites=cites, repaired=repaired, objections=objections, usage=attempt.usage())
    else:
        yield Written(
            text=template, templated=True, objections=objections, usage=attempt.usage(), problem=problem
        )


class _Attempt:
    """The calls for one reply: what has passed so far, and what they took."""

    def __init__(
        self, model: ChatModel, message: str, products: tuple[Product, ...], cancel: Cancel | None
    ) -> None:
        self.products = products
        self.passed: list[str] = []
        self._model = model
        self._message = message
        self._cancel = cancel
        self._draft = ""
        self._used: list[Usage | None] = []

    def first(self) -> Ask:
        """What is asked at first."""
        prompt = _prompt("answer", "products", "message")
        return _ask(prompt, products=records(self.products), message=quoted(self._message, LONGEST_MESSAGE))

    def again(self, objections: Sequence[Objection]) -> Ask:
        """What is asked after an objection."""
        prompt = _prompt("answer_again", "products", "message", "shown", "draft", "objections")
        reasons = "; ".join(map(str, objections[:MOST_OBJECTIONS]))
        return _ask(
            prompt,
            products=records(self.products),
            message=quoted(self._message, LONGEST_MESSAGE),
            shown=" ".join(self.passed) or _EMPTY,
            draft=quoted(self._draft, LONGEST_DRAFT),
            objections=quoted(reasons, LONGEST_DRAFT),
        )

    def stream(self, ask: Ask) -> Generator[str, None, tuple[Objection, ...]]:
        """Yield sentences as they pass; return what the audit has against the next one, if anything."""
        private = [message.content for message in ask.messages if message.role == "system"]
        self._draft, unread, place = "", "", len(self._used)
        self._used.append(None)
        with closing(self._model.stream(ask, self._cancel)) as pieces:
            for piece in pieces:
                if isinstance(piece, Reply):
                    self._used[place] = piece.usage
                    finished, unread = ([] if piece.cut else [unread]), ""
                else:
                    self._draft += piece
                    *finished, unread = SENTENCE.split(unread + piece)
                for sentence in filter(None, map(str.strip, finished)):
                    if len(self.passed) == MOST_SENTENCES:
                        return ()
                    if objections := self._audited(sentence, private):
                        return objections
                    self.passed.append(sentence)
                    yield sentence
        if not cited(" ".join(self.passed)):
            return (
                Objection(
                    sentence=self._draft, words="the reply", reason="it cites no product by its marker"
                ),
            )
        return ()

    def usage(self) -> Usage | None:
        """The tokens of all calls; unknown where those of any are."""
        known = [usage for usage in self._used if usage]
        if not known or len(known) < len(self._used):
            return None
        return Usage(
            prompt=sum(usage.prompt for usage in known),
            completion=sum(usage.completion for usage in known),
            cached=sum(usage.cached for usage in known),
        )

    def _audited(self, sentence: str, private: Sequence[str]) -> tuple[Objection, ...]:
        text = " ".join([*self.passed, sentence])
        return audit(text, self.products, self._message, private)


def _ask(prompt: Prompt, **values: str) -> Ask:
    return Ask(messages=prompt.fill(**values), max_tokens=LONGEST_REPLY, prompt=prompt.id)


@cache
def _prompt(name: str, *names: str) -> Prompt:
    return load_prompt(PROMPTS / f"{name}.toml", names)
