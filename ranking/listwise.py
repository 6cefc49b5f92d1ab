"""A hosted language model as the reranker: it is shown a numbered list and answers with an order.

Product texts are shown as quoted data. An answer that is no order is a failure, never a score.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from string import Template

import numpy as np
from pydantic import SecretStr

from core.errors import ModelUnavailable
from ranking.reranker import Scores

Complete = Callable[[str], str]  # a prompt's completion

WINDOW, STEP = 20, 10  # of the sliding window (Sun et al. 2023, "Is ChatGPT good at search?")
LONGEST_PASSAGE = 400  # characters
LONGEST_QUERY = 1_000
TIMEOUT_S = 60.0

_BRACKETED = re.compile(r"\[(\d{1,4})\]")
_NUMBER = re.compile(r"(?<![\d.])\d{1,4}(?![\d.]\d|\d)")
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class ListwiseReranker:
    """A `Reranker` that asks `complete` for an order; its scores count down from the number of passages."""

    def __init__(self, complete: Complete, name: str) -> None:
        self.name = f"{name}-listwise{_template()[0]}"
        self._complete = complete

    def score(self, query: str, passages: Sequence[str]) -> Scores:
        """Order the last window first, then each one before it, so that what is best moves to the top."""
        order = list(range(len(passages)))
        end = len(order)
        while end > 1:
            start = max(end - WINDOW, 0)
            shown = order[start:end]
            answer = self._complete(prompt(query, [passages[i] for i in shown]))
            order[start:end] = [shown[place] for place in self._order(answer, len(shown))]
            end = end - STEP if start else 0
        scores = np.empty(len(passages), np.float32)
        scores[order] = np.arange(len(order), 0, -1)
        return scores

    def _order(self, answer: str, count: int) -> list[int]:
        named = places(answer, count)
        if 2 * len(named) < count:
            raise ModelUnavailable(
                f"{self.name} named {len(named)} of {count} products instead of ordering them; "
                "set AISLE_RERANKER to another model or to default"
            )
        return [*named, *(place for place in range(count) if place not in named)]


def open_listwise(address: str, api_key: SecretStr | None) -> ListwiseReranker:
    """Return the reranker behind `URL#MODEL`; nothing is asked yet."""
    url, _, model = address.partition("#")
    return ListwiseReranker(chat_completion(url, model, api_key), model)


def prompt(query: str, passages: Sequence[str]) -> str:
    """Write the request to order these passages, numbered from 1."""
    products = "\n".join(
        f"[{number}] {_quoted(passage, LONGEST_PASSAGE)}" for number, passage in enumerate(passages, start=1)
    )
    return _template()[1].substitute(
        query=_quoted(query, LONGEST_QUERY), count=len(passages), products=products
    )


def places(answer: str, count: int) -> list[int]:
    """Read the order out of an answer, counting from 0: each place once, foreign numbers left out."""
    answer = _THOUGHT.sub(" ", answer)
    numbers = _BRACKETED.findall(answer) or _NUMBER.findall(answer)
    return list(dict.fromkeys(int(n) - 1 for n in numbers if 1 <= int(n) <= count))


def chat_completion(
    url: str, model: str, api_key: SecretStr | None, timeout_s: float = TIMEOUT_S
) -> Complete:
    """Return the function that asks a model behind an OpenAI-compatible address for one completion."""
    import httpx2

    headers = {"Authorization": f"Bearer {api_key.get_secret_value()}"} if api_key else {}

    def complete(text: str) -> str:
        request = {"model": model, "temperature": 0, "messages": [{"role": "user", "content": text}]}
        try:
            response = httpx2.post(
                f"{url}/chat/completions", json=request, headers=headers, timeout=timeout_s
            )
        except httpx2.TimeoutException as error:
            raise ModelUnavailable(
                f"{model} at {url} did not answer in {timeout_s:g} s; try again, or change AISLE_RERANKER"
            ) from error
        except httpx2.HTTPError as error:
            raise ModelUnavailable(
                f"{url} cannot be reached ({error}); check the address or change AISLE_RERANKER"
            ) from error
        if response.status_code in (401, 403):
            raise ModelUnavailable(f"{url} refused the key for {model}; set AISLE_LLM_API_KEY")
        if response.status_code != 200:
            raise ModelUnavailable(
                f"{url} answered {response.status_code} for {model}; check its name, or try again later"
            )
        try:
            content = response.json()["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError) as error:
            raise ModelUnavailable(
                f"{url} answered without a completion; is it an OpenAI-compatible address?"
            ) from error
        return content if isinstance(content, str) else ""

    return complete


@cache
def _template() -> tuple[int, Template]:
    """Version and text of the prompt."""
    text = Path(__file__).with_name("listwise.txt").read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    return int(first.removeprefix("version:")), Template(rest)


def _quoted(text: str, longest: int) -> str:
    """The text's beginning as one quoted line: no control, invisible or undecodable characters."""
    start = text[: 4 * longest]
    plain = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    return json.dumps(plain[:longest], ensure_ascii=False)
