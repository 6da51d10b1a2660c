"""Documents in which every member that a steward may write says something."""

from typing import Any
from uuid import uuid4

from resource_api.directory.load.shape import CODELISTS, Column, columns
from resource_api.directory.nesting import READ_ONLY, REFERENCES, children_of
from tests.directory.whole_directory import id_of

JSON = dict[str, Any]
_BY_KIND = {
    "line": "A line with “signs” & <b>bold</b> words",
    "prose": "Two\nparagraphs,  as they were written. ",
    "number": 12.5,
    "integer": 7,
    "stages": ["pregnant", "infant"],
    "date": "2026-05-17",
    "time": "09:30",
    "instant": "2027-01-31T09:30:00Z",
    "uri": "https://example.org/a?b=c",
    "email": "someone@example.org",
}
_BY_NAME: dict[str, Any] = {"needs": [{"need": "food", "certainty": "given"}], "wkst": "MO", "latitude": 39.25}
# What HSDS and our profile say in two members of one column.
_TWICE = {
    ("phone", "extension"): {"extension_text": "0123"},
    ("schedule", "timezone"): {"timezone_name": "America/New_York"},
}


def sample(noun: str, column: Column) -> JSON:
    """What one column says, as members."""
    name = column.name
    if (noun, name) in _TWICE:
        return _TWICE[noun, name]
    if name in CODELISTS:
        return {name: CODELISTS[name][0]}
    return {name: _BY_NAME.get(name, _BY_KIND.get(column.kind))}


def whole_document(noun: str, **links: str) -> JSON:
    """A document of a noun with every list filled, each row with an id of its own; `links` by column."""
    out: JSON = {"id": str(uuid4())}
    for column in columns(noun):
        if column.kind in ("link", "flag") or column.name in READ_ONLY or column.name == "link_entity":
            continue
        out |= sample(noun, column)
    for reference in REFERENCES.get(noun, ()):
        if reference.column in links:
            out[reference.column] = links[reference.column]
    if noun == "service_capacity":
        out["unit"] = {"id": str(uuid4()), "name": "Places"}
    if noun == "attribute":
        out["taxonomy_term_id"] = id_of("health")
    for key, child in children_of(noun):
        if key != "attributes" or noun in ("organization", "service", "service_at_location", "location", "phone"):
            out[key] = [whole_document(child) for _ in range(2)]
    return out


def is_said(sent: Any, served: Any) -> bool:
    """Whether everything that was sent is served."""
    if isinstance(sent, dict):
        return isinstance(served, dict) and all(key in served and is_said(sent[key], served[key]) for key in sent)
    if isinstance(sent, list) and sent and isinstance(sent[0], dict) and "id" in sent[0]:
        return len(sent) == len(served) and all(is_said(a, b) for a, b in zip(sent, served, strict=True))
    if isinstance(sent, list) and sent and isinstance(sent[0], dict):
        return all(any(is_said(a, b) for b in served) for a in sent)
    return bool(sent == served)
