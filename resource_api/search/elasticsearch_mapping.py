"""HOW ELASTICSEARCH KEEPS A SERVICE: the settings and the mapping of an index, and the document that fits them.

Postings answer what is a yes or a no (words, needs, cells, filters); what a service is judged by is one small binary,
`facts`, which the script reads (`elasticsearch_script.py`). Nothing is stored to be handed back: an answer is ids, and
what is shown of them comes from the database.
"""

import base64
import struct
from collections.abc import Iterable, Iterator
from typing import Any
from zlib import crc32

import orjson

from resource_api.directory.hours import Hours, unpack
from resource_api.search.rank import CAPACITY_WEIGHT

JSON = dict[str, Any]

# To be raised with any change of what an index holds: an index of another format is built anew.
FORMAT = 1

CAPACITIES = tuple(sorted(CAPACITY_WEIGHT))
UNKNOWN_CAPACITY_CODE = 255
REMOTE, BOUNDED = 1, 2
NAMED_ZONE, FIXED_OFFSET, ALWAYS = 0, 1, 2
# A sorted value longer than this says nothing more to anybody.
MOST_SORTED = 1000
MOST_REMARKS = 8000
AS_THEY_ARE = (
    "service_id", "title", "labels", "body", "organization_id", "accepts", "capacity", "minimum_age", "maximum_age",
    "updated_at",
)  # fmt: skip

_KEYWORD = {"type": "keyword"}
_FILTER = {"type": "keyword", "doc_values": False}
_TOKENS = {"type": "text", "analyzer": "whitespace", "index_options": "docs", "norms": False}

SETTINGS: JSON = {
    # One shard: counts of facets are exact, and a million services are two gigabytes.
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    "refresh_interval": "1s",
    # How long a deletion is remembered, so that what was read before it cannot bring the service back.
    "gc_deletes": "10m",
    "max_result_window": 10_000,
}

MAPPING: JSON = {
    "dynamic": "strict",
    "_source": {"enabled": False},
    "properties": {
        "service_id": _KEYWORD,
        "etag": _KEYWORD,
        "title": _TOKENS,
        "labels": _TOKENS,
        "body": {"type": "text", "analyzer": "whitespace", "index_options": "positions", "norms": False},
        "tags": _FILTER,
        "families": _KEYWORD,
        "organization_id": _KEYWORD,
        "city": _KEYWORD,
        "free": _KEYWORD,
        "accepts": _KEYWORD,
        "capacity": _KEYWORD,
        "life_stages": _KEYWORD,
        "languages": _KEYWORD,
        "accessible": {"type": "keyword", "doc_values": False, "ignore_above": MOST_REMARKS},
        "minimum_age": {"type": "double"},
        "maximum_age": {"type": "double"},
        "updated_at": {"type": "double"},
        "name_key": _KEYWORD,
        "facts": {"type": "binary", "doc_values": True},
    },
}


def index_body() -> JSON:
    """Write what an index is created with."""
    return {"settings": {"index": SETTINGS}, "mappings": MAPPING | {"_meta": {"format": FORMAT}}}


def write_document(row: JSON, etag: str) -> JSON:
    """Write what the database's index keeps of a service, its row and texts, as this one keeps it.

    `etag` tells its content from another's.
    """
    out: JSON = {
        "etag": etag,
        "tags": row["tags"].split(),
        "families": [slug[1:] for slug, _ in _read_parts(row["needs"]) if slug.startswith("^")],
        "city": row["city"] or None,
        "free": {None: "unknown", True: "yes", False: "no"}[row["free"]],
        "life_stages": row["life_stages"].split(),
        "languages": row["languages"].split(),
        "accessible": row["accessible"].casefold()[:MOST_REMARKS] or None,
        "name_key": row["name_key"][:MOST_SORTED],
        "facts": base64.b64encode(write_facts(row)).decode(),
    }
    out |= {name: row[name] for name in AS_THEY_ARE}
    return {name: value for name, value in out.items() if value is not None and value != []}


def need_code(slug: str) -> int:
    """Number a need as `facts` say it, behind a `^` where a service answers it itself or by a child."""
    return _signed(slug)


def zone_code(name: str) -> int:
    """Number a time zone as `facts` say it."""
    return _signed(name)


def write_facts(row: JSON) -> bytes:
    """Write what a service is judged by, big-endian.

    A byte of flags, one of capacity, the day it was assured (0: unknown), how many needs it has; its needs, each a
    code and how surely; its sites, each whether it has a point, the point's vector, and where its hours begin (0:
    unknown); then the hours.
    """
    flags = (REMOTE if row["remote"] else 0) | (BOUNDED if row["areas"] or row["shapes"] else 0)
    capacity = CAPACITIES.index(row["capacity"]) if row["capacity"] in CAPACITY_WEIGHT else UNKNOWN_CAPACITY_CODE
    parts = list(_read_parts(row["needs"]))
    own = sum(not slug.startswith("^") for slug, _ in parts)
    head = struct.pack(">BBiH", flags, capacity, row["assured_day"] or 0, own)
    needs = struct.pack(">H", len(parts)) + b"".join(struct.pack(">iB", need_code(s), c) for s, c in parts)
    alone = [[row["site"], row["x"], row["y"], row["z"], row["hours"]]]
    sites = orjson.loads(row["sites"]) if row["sites"] else alone
    begins = len(head) + len(needs) + 2 + 29 * len(sites)
    written, at, timetables = [], {}, b""
    for _, x, y, z, hours in sites:
        if hours and hours not in at:
            at[hours] = begins + len(timetables)
            timetables += write_hours(unpack(orjson.loads(hours)))
        written.append(struct.pack(">Bdddi", x is not None, x or 0.0, y or 0.0, z or 0.0, at.get(hours, 0)))
    return head + needs + struct.pack(">H", len(sites)) + b"".join(written) + timetables


def write_hours(hours: Hours) -> bytes:
    """Write hours: their zone, what single days have instead, and what recurs weekly."""
    if hours.always:
        return struct.pack(">Bi", ALWAYS, 0)
    name = hours.timezone
    if name[:3] == "UTC" and len(name) == 9:
        minutes = int(name[4:6]) * 60 + int(name[7:])
        zone = struct.pack(">Bi", FIXED_OFFSET, -minutes if name[3] == "-" else minutes)
    else:
        zone = struct.pack(">Bi", NAMED_ZONE, zone_code(name))
    days = [struct.pack(">i", int(day)) + _write_windows(windows) for day, windows in hours.days.items()]
    weeks = [
        struct.pack(">ii", week.first, week.last) + b"".join(_write_windows(day) for day in week.days)
        for week in hours.weeks
    ]
    return b"".join([zone, struct.pack(">H", len(days)), *days, struct.pack(">B", len(weeks)), *weeks])


def _write_windows(flat: Iterable[int]) -> bytes:
    minutes = list(flat)
    return struct.pack(f">B{len(minutes)}H", len(minutes) // 2, *minutes)


def _read_parts(needs: str) -> Iterator[tuple[str, int]]:
    for part in needs.split(","):
        if part:
            slug, _, said = part.partition(":")
            yield slug, int(said[0])


def _signed(text: str) -> int:
    number = crc32(text.encode())
    return number - (1 << 32) if number >= 1 << 31 else number
