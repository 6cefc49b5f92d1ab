"""A listing as it is judged: without sentences that speak to whoever grades it, and without stuffing.

No list of phrases is complete, and a model may obey what is left; the audit of a judge says how far it does.
A sentence that is taken away by mistake costs a little of a description; one that stays may cost the grade.
"""

import re

from catalog.product import Product
from eval.judge.stuffing import retold, unstuffed

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+(?=\S)[^.!?\n]+)*[.!?]*\s*")
_WHOM = r"(?:grader|rater|judge|annotator|evaluator|reviewer|ai|llm|(?:language )?model|assistant)s?"
_ADDRESSED = re.compile(
    "|".join(
        (
            r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
            r"\b(?:instructions?|prompts?|rules?|guidelines?|messages?|above|previous|earlier|prior)\b",
            r"(?:^|[.!?\n])\W*(?:system|assistant|user|developer|human)\s*:",
            rf"\b(?:dear|attention|note (?:to|for)|you are an?) (?:the |all |any )?{_WHOM}\b",
            r"(?:^|[.!?\n])\W*(?:please |always |now |just )*"
            r"(?:answer|respond|reply|return|output|print|say|give|assign)\b"
            r"(?: \w+){0,3}\W{1,3}(?:grades?|scores?|json|exact match)\b",
            r"(?:^|[.!?\n])\W*(?:answer|respond|reply) (?:\w+ ){0,2}\W?[0-3]\W*(?:$|[.!?])",
            r"\b(?:grade|score|relevance)\b\W{0,4}[:=]\W{0,3}[0-3](?!\.?\d)",
            r"\b(?:perfect|exact|ideal|best|relevant|right)\b.{0,20}\b(?:match|result|answer|fit|hit)\b.{0,20}"
            r"\b(?:any|every|all|each|this|the|your)\b.{0,15}\b(?:quer(?:y|ies)|search(?:es)?|requests?)\b",
            r"\b(?:must|should|deserves?|has|have) (?:to )?(?:be )?(?:graded?|scored?|rated?|judged)\b",
        )
    ),
    re.IGNORECASE,
)


def as_judged(product: Product) -> Product:
    """The product as a judge reads it; itself where there is nothing to take away."""
    return unstuffed(unaddressed(product))


def unaddressed(product: Product) -> Product:
    """Without what tells a judge what to say; a title keeps at least its words where nothing else is left."""
    description = product.description and _without(product.description)
    return retold(product, _without(product.title) or product.title, description)


def _without(text: str) -> str:
    if not _ADDRESSED.search(text):  # as nearly always
        return text
    kept = (one for one in _SENTENCE.findall(text) if not _ADDRESSED.search(one.strip()))
    return "".join(kept).strip()
