"""The demo catalogue: about two thousand invented but coherent products, each with a picture.

What a new user sees first, and the suite's ground truth for constraints. Nothing in it is a real brand,
and nothing is random: the same tables give the same bytes everywhere.
"""

from pathlib import Path

from catalog.demo.build import claims, products
from catalog.demo.drawing import picture

__all__ = ["claims", "picture", "products", "write"]


def write(folder: Path) -> int:
    """Write `products.jsonl` and `images/<id>.svg` into the folder; returns how many products."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    count = 0
    with (folder / "products.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for product in products():
            lines.write(product.model_dump_json(exclude_defaults=True) + "\n")
            (images / f"{product.id}.svg").write_text(picture(product), encoding="utf-8", newline="\n")
            count += 1
    return count
