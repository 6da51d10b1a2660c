"""WHAT MUST NOT BE SAID: a confidential location in public documents.

The public form of such a location has no name, address, point, description or anything else that says where it is.
Its street is also struck out of every other text of the organizations that use it, because descriptions repeat it.
"""

import re
from collections import defaultdict
from typing import Any

from sqlalchemy import CompoundSelect, select, union

from resource_api.directory.graph import Graph, table

WITHHELD = "[address withheld]"
PUBLIC_FIELDS = ("id", "location_type", "organization_id")
# Of what hangs on it: phones and hours are what people need, and say nothing of where it is.
WITHHELD_LISTS = ("addresses", "contacts")

_SUFFIXES = """
    alley aly avenue ave boulevard blvd circle cir court ct drive dr highway hwy lane ln parkway pkwy pike
    place pl plaza plz road rd square sq street st terrace ter trail trl way
    """.split()
_LEADING = {"n", "s", "e", "w", "north", "south", "east", "west", "ne", "nw", "se", "sw", "the"}


def withheld_patterns(graph: Graph) -> dict[str, re.Pattern[str]]:
    """Build, by organization, the pattern of every street of the confidential locations that it owns or uses, or did.

    Each organization has its own: what a document says must not depend on what was rendered along with it.
    """
    streets: dict[str, set[str]] = defaultdict(set)
    for location_id, organizations in _hiding_organizations(graph).items():
        location = graph.locations[location_id]
        for address in ({}, *graph.children("address", "location_id", location_id)):
            for line in (address.get("address_1"), address.get("address_2"), location["name"]):
                for organization in organizations:
                    streets[organization].update(_street_patterns(line or ""))
    for organization, lines in graph.former_streets.items():
        for line in lines:
            streets[organization].update(_street_patterns(line))
    return {
        organization: re.compile("|".join(sorted(found, key=lambda s: (-len(s), s))), re.IGNORECASE)
        for organization, found in streets.items()
        if found
    }


def hiding_organizations() -> CompoundSelect[Any]:
    """Select the ids of the organizations that own or use a confidential location."""
    location, service, site = table("location"), table("service"), table("service_at_location")
    own = select(location.c.organization_id).where(location.c.confidential, location.c.organization_id.is_not(None))
    use = (
        select(service.c.organization_id)
        .join(site, site.c.service_id == service.c.id)
        .join(location, location.c.id == site.c.location_id)
        .where(location.c.confidential)
    )
    return union(own, use)


def withhold(value: Any, pattern: re.Pattern[str]) -> Any:
    """Strike the pattern out of every text of a JSON value."""
    if isinstance(value, str):
        return pattern.sub(WITHHELD, value)
    if isinstance(value, list):
        return [withhold(item, pattern) for item in value]
    if isinstance(value, dict):
        return {key: withhold(item, pattern) for key, item in value.items()}
    return value


def _hiding_organizations(graph: Graph) -> dict[str, set[str]]:
    found = {row["id"]: {row["organization_id"]} - {None} for row in graph.locations.values() if row["confidential"]}
    for site in graph.service_at_locations.values():
        if site["location_id"] in found and site["service_id"] in graph.services:
            found[site["location_id"]].add(graph.services[site["service_id"]]["organization_id"])
    return found


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
    gap = r"(?:[\W_]|%20)+"  # a link to a map says the street, too
    suffix = rf"(?:{gap}(?:{'|'.join(_SUFFIXES)})\b\.?)"
    leading = rf"(?:(?:{'|'.join(sorted(_LEADING))})\b\.?{gap})?"
    core = gap.join(name)
    # "near Hidden Hollow" tells the street as well; one word alone ("Main") says too much else to be struck.
    alone = suffix if len(name) == 1 else f"{suffix}?"
    return [rf"\b{number}{gap}{leading}{core}\b{suffix}?", rf"(?:\b|(?<=%20)){core}\b{alone}"]
