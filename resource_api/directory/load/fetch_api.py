"""WHAT A LIVE HSDS API HAS: its services page by page, whole; then organizations and taxonomies where it lists them.

https://docs.openreferral.org/en/latest/hsds/api_reference.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from resource_api.directory.load.fetch import Client, Missing, client_for
from resource_api.errors import LoadError

PER_PAGE = 100
MOST_PAGES = 100_000
# Required of every HSDS API are only the services; the others are taken where they are there.
_LISTS = ("services", "organizations", "taxonomies", "taxonomy_terms")
_REQUIRED = "services"
# A service that is told in full has at least one of these.
_NESTED = {
    "service_at_locations",
    "phones",
    "schedules",
    "service_areas",
    "languages",
    "contacts",
    "attributes",
    "cost_options",
}


@dataclass(frozen=True, slots=True)
class FetchedApi:
    """What was fetched: one file of ndjson, and who says they publish it."""

    path: Path
    publisher: str | None


def fetch_api(url: str, scratch: Path) -> FetchedApi:
    """Fetch everything an HSDS API has into a file of ndjson in `scratch`.

    Raises LoadError where it has no services, or one of its answers is no HSDS.
    """
    client = client_for(url)
    base = _base(url)
    # The URL of a list is as good as the API's own.
    name = urlsplit(url).netloc.replace(":", "-")
    path = scratch / f"{name}.ndjson"
    with path.open("wb") as file:
        for noun in _LISTS:
            for record in _records(client, base, noun):
                file.write(orjson.dumps(record) + b"\n")
    return FetchedApi(path, _publisher(client, base))


def _base(url: str) -> str:
    base = url.split("?")[0].rstrip("/")
    for noun in _LISTS:
        base = base.removesuffix(f"/{noun}")
    return base


def _publisher(client: Client, base: str) -> str | None:
    try:
        meta = client.get_json(f"{base}/")
    except Missing:
        return None
    publisher = meta.get("publisher") if isinstance(meta, dict) else None
    name = publisher.get("name") if isinstance(publisher, dict) else None
    return name if isinstance(name, str) and name.strip() else None


def _records(client: Client, base: str, noun: str) -> Iterator[dict[str, Any]]:
    whole: bool | None = None
    for number in range(1, MOST_PAGES + 1):
        asked = f"{base}/{noun}?{urlencode({'page': number, 'per_page': PER_PAGE, 'full': 'true'})}"
        try:
            page = client.get_json(asked)
        except Missing as error:
            if noun == _REQUIRED and number == 1:
                raise LoadError(f"{error}", hint="the root of an HSDS API, which has /services") from error
            return
        contents = _contents(page, asked)
        if whole is None and contents:
            whole = noun != "services" or any(record.keys() & _NESTED for record in contents)
        for record in contents:
            yield record if whole else _one(client, base, noun, record)
        if not contents or _is_last(page, number):
            return
    raise LoadError(f"{base}/{noun} has more than {MOST_PAGES:,} pages", hint="does its paging come to an end?")


def _contents(page: object, url: str) -> list[dict[str, Any]]:
    contents = page.get("contents", [] if page.get("empty") is True else None) if isinstance(page, dict) else page
    if not isinstance(contents, list) or not all(isinstance(record, dict) for record in contents):
        raise LoadError(f"{url} does not answer with a page of HSDS", hint='{"contents": [ … ], "last_page": … }')
    return contents


def _is_last(page: object, number: int) -> bool:
    if not isinstance(page, dict):
        return True
    if page.get("last_page") is True:
        return True
    total = page.get("total_pages")
    return isinstance(total, int) and not isinstance(total, bool) and number >= total


def _one(client: Client, base: str, noun: str, record: dict[str, Any]) -> dict[str, Any]:
    record_id = record.get("id")
    if not isinstance(record_id, str):
        return record
    try:
        whole = client.get_json(f"{base}/{noun}/{quote(record_id, safe='')}")
    except Missing:
        # It left between the list and now.
        return record
    return whole if isinstance(whole, dict) else record
