"""Other people's words and addresses, fit for a page: nothing in them hides, moves or leads anywhere unsafe.

Escaping is not done here but by the templates, always and everywhere.
"""

import re
import unicodedata
from urllib.parse import urlsplit

DEMO_PICTURES = "/media/demo/"

_UNSEEN = frozenset(["Cc", "Cf", "Co", "Cs", "Cn"])
_JOINERS = "\u200c\u200d"  # of scripts and emoji that need them
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u2800")
_STACKED = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]{2})[\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]+"
)
_DEMO_PICTURE = re.compile(rf"{DEMO_PICTURES}[a-z0-9-]+\.svg")
_LONGEST_URL = 2000


def seen(text: str, longest: int = 4000) -> str:
    """The text without characters that do not show, on one line, cut where it is too long."""
    text = unicodedata.normalize("NFC", text[: 4 * longest])
    kept = "".join(character if _shows(character) else _gap(character) for character in text)
    line = " ".join(_STACKED.sub(r"\1", kept).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "\u2026"


def paragraphs(text: str, longest: int = 4000) -> tuple[str, ...]:
    """The text by its line breaks, each line as `seen`."""
    lines = (seen(line, longest) for line in text[:longest].splitlines())
    return tuple(line for line in lines if line)


def web_address(url: str | None) -> str | None:
    """The address where it is one of the web, http or https; none for all others."""
    if not url or len(url) > _LONGEST_URL or not url.isascii() or any(c.isspace() for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that do not match
        return None
    is_web = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    return url if is_web else None


def picture(images: tuple[str, ...]) -> str | None:
    """The first picture that may be shown: of the web, or one of the demo catalogue's drawings."""
    for image in images:
        if _DEMO_PICTURE.fullmatch(image):
            return image.removeprefix("/")  # the page may be served below another path
        if address := web_address(image):
            return address
    return None


def _shows(character: str) -> bool:
    if character in _JOINERS:
        return True
    return unicodedata.category(character) not in _UNSEEN and character not in _FILLERS


def _gap(character: str) -> str:
    """A line end or tab parts words; what cannot be seen parts nothing."""
    return " " if character.isspace() else ""
