"""WHAT MUST NOT BE SAID: a confidential location in public documents.

The public form of such a location has no name, address, point, description or anything else that says where it is.
Its street is also struck out of every other text of the organizations that use it, because descriptions repeat it.
"""

import re
from collections.abc import Iterable
from typing import Any

from resource_api.directory.graph import Graph, Row

WITHHELD = "[address withheld]"
PUBLIC_FIELDS = ("id", "location_type", "organization_id")

_SUFFIXES = """
    alley aly avenue ave boulevard blvd circle cir court ct drive dr highway hwy lane ln parkway pkwy pike
    place pl plaza plz road rd square sq street st terrace ter trail trl way
    """.split()
_LEADING = {"n", "s", "e", "w", "north", "south", "east", "west", "ne", "nw", "se", "sw", "the"}


def withheld_pattern(graph: Graph) -> re.Pattern[str] | None:
    """Build the pattern of every street of the graph's confidential locations, or None where there is none."""
    streets = {
        street
        for location in graph.locations.values()
        if location["confidential"]
        for address in graph.children("address", "location_id", location["id"])
        for line in (address["address_1"], address["address_2"], location["name"])
        for street in _street_patterns(line or "")
    }
    if not streets:
        return None
    return re.compile("|".join(sorted(streets, key=len, reverse=True)), re.IGNORECASE)


def withhold(value: Any, pattern: re.Pattern[str]) -> Any:
    """Strike the pattern out of every text of a JSON value."""
    if isinstance(value, str):
        return pattern.sub(WITHHELD, value)
    if isinstance(value, list):
        return [withhold(item, pattern) for item in value]
    if isinstance(value, dict):
        return {key: withhold(item, pattern) for key, item in value.items()}
    return value


def confidential_ids(locations: Iterable[Row]) -> set[str]:
    """List the ids of the confidential among these locations."""
    return {row["id"] for row in locations if row["confidential"]}


def _street_patterns(line: str) -> list[str]:
    words = re.findall(r"[^\W_]+", line)
    if len(words) < 2 or not words[0].isdigit():
        return []
    number, *street = words
    while street and street[0].lower() in _LEADING:
        street.pop(0)
    name = []
    for word in street:
        if word.lower() in _SUFFIXES:
            break
        name.append(re.escape(word))
    if not name:
        return []
    gap = r"[\W_]+"
    suffix = rf"(?:{gap}(?:{'|'.join(_SUFFIXES)})\b\.?)"
    leading = rf"(?:(?:{'|'.join(sorted(_LEADING))})\b\.?{gap})?"
    core = gap.join(name)
    return [rf"\b{number}{gap}{leading}{core}\b{suffix}?", rf"\b{core}\b{suffix}"]
