"""Pictures of the demo products: flat drawings in SVG, one per family, colored like the product.

The drawings are tables of a few shapes a line (see `tables/drawings`); this turns them into SVG.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from xml.sax.saxutils import quoteattr

from catalog.demo.describe import draw
from catalog.demo.tables import TABLES, Family, families
from catalog.product import Product
from core.errors import InvalidQuery, InvalidSource

_FLOOR = 336  # everything stands on this line of the 400 x 400 picture
_PENS = {
    "white": "#fcfcfa",
    "ink": "#31353b",
    "grey": "#8d959c",
    "pale": "#d5dadc",
    "steel": "#b9c1c7",
    "wood": "#c99a64",
    "brown": "#80573a",
    "gold": "#d9ab45",
    "red": "#d2493f",
    "green": "#5b9a5f",
    "leaf": "#86b56b",
    "blue": "#4f86c6",
    "sky": "#a9d3ec",
    "cream": "#f6eedd",
    "glass": "#d3e8ef",
    "skin": "#e8bd96",
    "orange": "#ee8d3c",
    "yellow": "#f5ca52",
    "pink": "#eb9fb6",
}
_VEILS = {"glint": ("#fff", ".4"), "shade": ("#000", ".14")}
_LABELS = ("#d9683f", "#3f7f8c", "#5d6fb0", "#c7485b", "#7b9248", "#b98431", "#8a5a9a", "#3b8f6b")
_BACKGROUNDS = ("#eeeae3", "#e6ebec", "#ece8ee", "#e8ece3", "#f0e9e4")


def picture(product: Product) -> str:
    """An SVG drawing of a demo product: its family's shape, in its color and material, at its size."""
    kind = product.attributes.get("type", ("",))[0]
    family = _by_noun().get(kind)
    if family is None:
        raise InvalidQuery(f"no drawing for {product.id}; only products of the demo catalogue have one")
    shapes = "".join(_shapes(_drawing(family, product), _pens(family, product)))
    scale = _scale(family, product)
    moved = (
        f'<g transform="translate({200 - 200 * scale:.4g} {_FLOOR * (1 - scale):.4g}) scale({scale:.4g})">'
    )
    back = _BACKGROUNDS[_departments().index(family.categories[0]) % len(_BACKGROUNDS)]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">'
        f'<rect width="400" height="400" fill="{back}"/>'
        f'<ellipse cx="200" cy="{_FLOOR + 4}" rx="{150 * scale:.4g}" ry="13" opacity=".1"/>'
        f"{moved if scale < 1 else '<g>'}{shapes}</g></svg>"
    )


@cache
def _drawings() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for path in sorted((TABLES / "drawings").glob("*.toml")):
        found |= tomllib.loads(path.read_text(encoding="utf-8"))
    return found


def _drawing(family: Family, product: Product) -> str:
    """The family's drawing, or the one kept for a kind of it, such as `plush/owl`."""
    kinds = (f"{family.key}/{value}" for name in family.title for value in product.attributes.get(name, ()))
    return next((_drawings()[kind] for kind in kinds if kind in _drawings()), _drawings()[family.key])


@cache
def _colors() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((TABLES / "colors.toml").read_text(encoding="utf-8"))


@cache
def _by_noun() -> Mapping[str, Family]:
    return {family.noun.lower(): family for family in families().values()}


@cache
def _departments() -> tuple[str, ...]:
    return tuple(dict.fromkeys(family.categories[0] for family in families().values()))


def _pens(family: Family, product: Product) -> Mapping[str, str]:
    """Pen names to colors: the product's own in three shades, its material's in two, its label's."""
    group = product.group_id or product.id
    label = _LABELS[draw(product.brand or group, "label") % len(_LABELS)]
    main = _color(family, product) or _LABELS[draw(group, "main") % len(_LABELS)]
    material = _match(product.attributes.get("material", ()), _colors()["materials"]) or "#d5dadc"
    return {
        **_PENS,
        "c": main,
        "d": _shadow(main),
        "l": _mix(main, "#ffffff", 0.42),
        "m": material,
        "n": _shadow(material),
        "a": label,
    }


def _color(family: Family, product: Product) -> str | None:
    if color := product.attributes.get("color"):
        return _colors()["colors"].get(color[0])
    return _match(product.attributes.get(family.tint or "", ()), _colors()["tints"])


def _match(values: tuple[str, ...], table: Mapping[str, str]) -> str | None:
    """The color of the longest table entry that the value mentions."""
    for value in values:
        named = [name for name in table if name in value]
        if named:
            return table[max(named, key=len)]
    return None


def _mix(color: str, other: str, share: float) -> str:
    channels = ((int(color[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(ours + (theirs - ours) * share):02x}" for ours, theirs in channels)


def _shadow(color: str) -> str:
    """A second shade that can be seen beside the first: darker, or lighter where it is near black."""
    near_black = sum(int(color[at : at + 2], 16) for at in (1, 3, 5)) < 240
    return _mix(color, "#ffffff", 0.14) if near_black else _mix(color, "#1d1a22", 0.24)


def _scale(family: Family, product: Product) -> float:
    """Smaller sizes are drawn a little smaller, so that variants can be told apart."""
    values = [size.value for size in family.sizes]
    own = product.attributes.get(family.size_name or "", ("",))[0]
    if own not in values or len(values) == 1:
        return 1.0
    return 0.84 + 0.16 * values.index(own) / (len(values) - 1)


def _shapes(drawing: str, pens: Mapping[str, str]) -> Iterator[str]:
    """One SVG element per line: `rect x y w h r pen`, `circle x y r pen`, `oval x y rx ry pen`,
    `ring x y r width pen`, `fill pen path`, `line pen width path`, `use name`.
    """
    for line in drawing.split("\n"):
        match line.split():
            case []:
                continue
            case ["rect", x, y, width, height, r, pen]:
                shape = f'rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{r}"{_ink(pen, pens)}'
            case ["circle", x, y, r, pen]:
                shape = f'circle cx="{x}" cy="{y}" r="{r}"{_ink(pen, pens)}'
            case ["oval", x, y, rx, ry, pen]:
                shape = f'ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}"{_ink(pen, pens)}'
            case ["ring", x, y, r, width, pen]:
                shape = (
                    f'circle cx="{x}" cy="{y}" r="{r}" fill="none" '
                    f'stroke-width="{width}"{_ink(pen, pens, "stroke")}'
                )
            case ["fill", pen, *path]:
                shape = f"path d={quoteattr(' '.join(path))}{_ink(pen, pens)}"
            case ["line", pen, width, *path]:
                shape = (
                    f'path d={quoteattr(" ".join(path))} fill="none" stroke-width="{width}" '
                    f'stroke-linecap="round" stroke-linejoin="round"{_ink(pen, pens, "stroke")}'
                )
            case ["use", name]:
                yield from _shapes(_drawings()[name], pens)
                continue
            case _:
                raise InvalidSource(f"not a shape of a demo drawing: {line!r}")
        yield f"<{shape}/>"


def _ink(pen: str, pens: Mapping[str, str], attribute: str = "fill") -> str:
    color, opacity = _VEILS.get(pen, (pens.get(pen), ""))
    if color is None:
        raise InvalidSource(
            f"a demo drawing has no pen {pen!r}; known are {', '.join(sorted({*pens, *_VEILS}))}"
        )
    return f' {attribute}="{color}"' + (f' opacity="{opacity}"' if opacity else "")
