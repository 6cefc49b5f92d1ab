"""The OpenAI product feed: one flat row per item or variant, as JSON lines, CSV or TSV."""

import json
import re
from collections.abc import Mapping
from typing import Any

from catalog.feeds.columns import fields_of, pairs
from catalog.feeds.draft import Fields

# Both generations of the specification: id, link, image_link, item_group_id, product_review_rating became
# item_id, url, image_url, group_id, star_rating. Everyone's names cover them; the rest is here.
_CUSTOM = re.compile(r"custom_variant(\d)_(category|option)")
MARKERS = frozenset(["is_eligible_search", "is_eligible_checkout", "enable_search", "enable_checkout"])


def openai_fields(row: Mapping[str, Any], columns: Mapping[str, str]) -> Fields:
    """Fields of one row; variants say what sets them apart in `variant_dict` or custom_variant pairs."""
    plain = {name: value for name, value in row.items() if not _CUSTOM.fullmatch(name)}
    variant = plain.pop("variant_dict", None)
    quantity = plain.pop("quantity", None)
    window = [plain.pop(f"sale_price_effective_date_{end}", None) for end in ("start", "end")]
    fields = fields_of(plain, columns)
    if quantity is not None:
        fields.setdefault("availability", quantity)
    if any(window):
        fields["sale_window"] = "/".join(str(end or "") for end in window)
    fields["attributes"].extend(pairs(_object(variant)))
    fields["attributes"].extend(
        (row[f"custom_variant{found[1]}_category"], value)
        for name, value in row.items()
        if (found := _CUSTOM.fullmatch(name))
        and found[2] == "option"
        and isinstance(row.get(f"custom_variant{found[1]}_category"), str)
    )
    return fields


def _object(value: Any) -> Any:
    """In a CSV cell the object is JSON text."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
