"""The walk that Open Referral UK's validator makes over an API, in-process, against HSDS's own schemas.

It asks the list endpoints first, page 1, the middle one and the last; harvests ids and follows them; judges every body;
and tells a failing required endpoint from an optional one.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

HSDS = Path(os.environ.get("RESOURCE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "hsds"
FOLLOWED = 25
_BASE = "https://hsds.example/schema/"
_NOUNS = {
    "services": "service",
    "service_at_locations": "service_at_location",
    "organizations": "organization",
    "taxonomies": "taxonomy",
    "taxonomy_terms": "taxonomy_term",
}
JSON = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing wrong: `required` where the endpoint must be there and right."""

    required: bool
    url: str
    fault: str


def official_paths() -> JSON:
    """Read HSDS's definition: its paths, with the tags that say which are required."""
    paths: JSON = json.loads((HSDS / "openapi-3.2.reconstructed.json").read_bytes())["paths"]
    return paths


def validators() -> dict[str, jsonschema_rs.Validator]:
    """Make a validator for each noun out of HSDS's plain schemas, and one for the page."""
    files = {path.name: json.loads(path.read_bytes()) for path in (HSDS / "schema").glob("*.json")}
    page = json.loads((HSDS / "openapi-3.2.reconstructed.json").read_bytes())["components"]["schemas"]["Page"]
    # The prose says that a page "must include" all seven; the schema alone would let six of them go.
    page = page | {"required": [*page["properties"], "contents"]}
    made = {"page": jsonschema_rs.Draft202012Validator(page, validate_formats=True)}
    for noun in _NOUNS.values():
        made[noun] = jsonschema_rs.Draft202012Validator(
            {"$ref": f"{_BASE}{noun}.json"}, validate_formats=True, retriever=lambda uri: files[uri.rsplit("/", 1)[1]]
        )
    return made


def walk(client: Any, checks: dict[str, jsonschema_rs.Validator]) -> Iterator[Finding]:
    """Walk an API, yielding what is wrong with it."""
    paths = official_paths()
    harvested: dict[str, list[str]] = {}
    for path in sorted(paths, key=lambda path: "{id}" in path):
        required = "required" in paths[path]["get"]["tags"]
        if path == "/":
            yield from _judge_root(client, required)
        elif "{id}" not in path:
            harvested[path] = []
            for fault in _walk_list(client, path, checks, harvested[path]):
                yield Finding(required, *fault)
        else:
            ids = harvested[path.removesuffix("/{id}")]
            if not ids:
                yield Finding(required, path, "no id was found to follow")
            for record_id in ids[:FOLLOWED]:
                url = path.replace("{id}", record_id)
                body, fault = _get(client, url)
                faults = [fault] if fault else list(faults_of(checks[_noun(path)], body))
                if not faults and body["id"] != record_id:
                    faults = [f"answers with another id: {body['id']}"]
                yield from (Finding(required, url, fault) for fault in faults)


def faults_of(validator: jsonschema_rs.Validator, body: Any) -> Iterator[str]:
    """List what a schema finds wrong with a body."""
    for error in validator.iter_errors(body):
        yield f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"


def _judge_root(client: Any, required: bool) -> Iterator[Finding]:
    body, fault = _get(client, "/")
    missing = [key for key in ("version", "profile", "openapi_url") if not (body or {}).get(key)]
    if fault or missing:
        yield Finding(required, "/", fault or f"has no {', '.join(missing)}")


def _walk_list(
    client: Any, path: str, checks: dict[str, jsonschema_rs.Validator], ids: list[str]
) -> Iterator[tuple[str, str]]:
    first, fault = _get(client, f"{path}?page=1")
    if fault:
        yield f"{path}?page=1", fault
        return
    last = first.get("total_pages", 1)
    for number in sorted({1, max(1, last // 2), max(1, last)}):
        url = f"{path}?page={number}"
        body, fault = _get(client, url)
        if fault:
            yield url, fault
            continue
        yield from ((url, fault) for fault in faults_of(checks["page"], body))
        yield from ((url, fault) for fault in _page_faults(body, number))
        for record in body.get("contents", ()):
            ids.append(record.get("id", ""))
            yield from ((url, fault) for fault in faults_of(checks[_noun(path)], record))


def _page_faults(body: JSON, number: int) -> Iterator[str]:
    contents = body.get("contents", [])
    expected = {
        "page_number": number,
        "size": len(contents),
        "empty": not contents,
        "first_page": number == 1,
        "last_page": number >= body.get("total_pages", 0),
    }
    for name, value in expected.items():
        if body.get(name) != value:
            yield f"{name} is {body.get(name)!r}, not {value!r}"
    if not contents:
        yield "the feed is empty"


def _get(client: Any, url: str) -> tuple[Any, str | None]:
    response = client.get(url, headers={"Accept": "application/json"})
    if response.status_code != 200:
        return None, f"answers {response.status_code}"
    if response.mimetype != "application/json":
        return None, f"answers with {response.mimetype}"
    return response.get_json(), None


def _noun(path: str) -> str:
    return _NOUNS[path.split("/")[1]]
