"""WHICH RECORDS SAY THESE WORDS: the `search` parameter of HSDS's lists.

Every word must occur in a name or description; /search is for everything beyond that. What is withheld from
the public must not be found either: where an organization has a confidential location, its documents have the
last word.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from resource_api.directory.confidential import hiding_organizations
from resource_api.directory.document import Document
from resource_api.directory.location import Location
from resource_api.directory.organization import Organization
from resource_api.directory.service import Service
from resource_api.directory.service_at_location import ServiceAtLocation
from resource_api.directory.taxonomy import Taxonomy, TaxonomyTerm

MOST_WORDS = 20
_WORD = re.compile(r"[^\W_]+")
_Columns = Sequence[InstrumentedAttribute[Any]]

_NAMES = ("name", "alternate_name")
_SAID = (*_NAMES, "description")
_IN_DOCUMENTS: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    "organization": (((), _SAID),),
    "service": (((), _SAID), (("organization",), _NAMES)),
    "service_at_location": (
        ((), ("description",)),
        (("location",), _NAMES),
        (("service",), _SAID),
        (("service", "organization"), _NAMES),
    ),
}


def search_clause(kind: str, text: str) -> ColumnElement[bool]:
    """Get the clause on documents whose record says every word of a text."""
    words = _WORD.findall(text)[:MOST_WORDS]
    if not words:
        return Document.id.is_(None)  # a text without a word, such as "!?", is said nowhere
    return Document.id.in_(_saying(kind, words))


def withheld_hits(session: Session, kind: str, text: str) -> frozenset[str]:
    """List the records that say the words only in what is withheld from the public."""
    words = _WORD.findall(text)[:MOST_WORDS]
    if not words or kind not in _IN_DOCUMENTS:
        return frozenset()
    rows = session.execute(
        select(Document.id, Document.brief).where(
            Document.kind == kind,
            Document.deleted_at.is_(None),
            Document.id.in_(_saying(kind, words)),
            Document.organization_id.in_(hiding_organizations()),
        )
    )
    return frozenset(row.id for row in rows if not _says_publicly(kind, row.brief, words))


def _saying(kind: str, words: Sequence[str]) -> Select[str]:
    organization = (Organization.name, Organization.alternate_name)
    service = (Service.name, Service.alternate_name, Service.description)
    if kind == "organization":
        return _every(select(Organization.id), words, (*organization, Organization.description))
    if kind == "service":
        offered = select(Service.id).join(Organization, Organization.id == Service.organization_id)
        return _every(offered, words, (*service, *organization))
    if kind == "service_at_location":
        offered = (
            select(ServiceAtLocation.id)
            .join(Service, Service.id == ServiceAtLocation.service_id)
            .join(Organization, Organization.id == Service.organization_id)
            .join(Location, Location.id == ServiceAtLocation.location_id)
        )
        site = (ServiceAtLocation.description, Location.name, Location.alternate_name)
        return _every(offered, words, (*service, *organization, *site))
    if kind == "taxonomy":
        return _every(select(Taxonomy.id), words, (Taxonomy.name, Taxonomy.description))
    term = (TaxonomyTerm.name, TaxonomyTerm.description, TaxonomyTerm.code)
    return _every(select(TaxonomyTerm.id), words, term)


def _every(records: Select[str], words: Sequence[str], columns: _Columns) -> Select[str]:
    for word in words:
        # A letter beyond ASCII matches any one letter: databases differ on its case and its accent.
        pattern = f"%{''.join(c if c.isascii() else '_' for c in word)}%"
        records = records.where(or_(*(column.ilike(pattern) for column in columns)))
    return records


def _says_publicly(kind: str, brief: bytes, words: Sequence[str]) -> bool:
    text = "\n".join(_public_texts(kind, orjson.loads(brief)))
    patterns = ("".join(c if c.isascii() else "." for c in word) for word in words)
    return all(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


def _public_texts(kind: str, document: dict[str, Any]) -> Iterator[str]:
    for path, names in _IN_DOCUMENTS[kind]:
        record = document
        for step in path:
            record = record.get(step, {})
        yield from (record[name] for name in names if name in record)
