"""WHOSE DOCUMENTS CHANGE when rows change: the organizations that own them, or have services at their locations."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.directory.graph import OWNERS, SHARED, in_batches, table
from resource_api.directory.load.row import Draft
from resource_api.directory.load.shape import link_columns
from resource_api.directory.load.write_rows import Links, Written
from resource_api.directory.publish import organizations_using

Wanted = dict[str, set[str]]


def affected_organizations(session: Session, written: Written, batch: Sequence[Draft]) -> set[str]:
    """List the organizations whose documents contain what was written; `batch` spares reading its rows again."""
    found = set(written.ids("organization"))
    wanted: Wanted = defaultdict(set)
    for noun, every in written.links.items():
        for links in every:
            _follow(noun, links, found, wanted)
    for noun in ("location", "program", "unit"):
        # New ones are in no document but those of rows written with them, which lead there themselves.
        wanted[noun] |= written.changed[noun]
    known = {(d.noun, d.id): d.fields for d in batch if d.noun in _WAYPOINTS and d.id in written.new[d.noun]}
    return found | owning_organizations(session, wanted, known)


def changed_terms(session: Session, written: Written) -> set[str]:
    """List the terms whose documents contain what was written: terms, and those of a changed taxonomy."""
    terms = set(written.ids("taxonomy_term"))
    term = table("taxonomy_term")
    for some in in_batches(written.changed["taxonomy"]):
        terms.update(session.scalars(select(term.c.id).where(among(term.c.taxonomy_id, some))))
    return terms


def owning_organizations(
    session: Session, wanted: Wanted, known: dict[tuple[str, str], Links] | None = None
) -> set[str]:
    """Find the organizations that these records, by noun, belong to, going from owner to owner in bulk."""
    known = known or {}
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    while any(wanted.values()):
        further: Wanted = defaultdict(set)
        for noun, ids in wanted.items():
            fresh = {i for i in ids if (noun, i) not in seen}
            seen.update((noun, i) for i in fresh)
            if noun == "organization":
                found |= fresh
                continue
            stored = {i for i in fresh if (noun, i) not in known}
            for record in fresh - stored:
                _follow(noun, known[noun, record], found, further)
            if not stored:
                continue
            found |= _users(session, noun, stored)
            for links in _read_links(session, noun, stored):
                _follow(noun, links, found, further)
        wanted = further
    return found


# The nouns that others hang on, between them and their organization.
_WAYPOINTS = ("service", "service_at_location", "location", "contact", "phone", "program")
_SAID_OF = {"attribute": "link_id", "metadata": "resource_id"}
_UPWARD: dict[str, tuple[str, ...]] = {
    "organization": (),
    "service": ("organization_id",),
    "location": ("organization_id",),
    "service_at_location": ("service_id",),
    **OWNERS,
    **dict.fromkeys(SHARED, ()),
}


def _follow(noun: str, links: Links, found: set[str], wanted: Wanted) -> None:
    """Go from a row to its owners."""
    # The links of attributes and metadata were written under the name of what they hang on.
    names: Iterable[str] = _UPWARD.get(noun, links.keys())
    for name in names:
        linked = links.get(name)
        if linked is None:
            continue
        if name == "organization_id":
            found.add(linked)
        else:
            wanted[name.removesuffix("_id")].add(linked)


def _read_links(session: Session, noun: str, ids: Collection[str]) -> Iterable[Links]:
    target = table(noun)
    if noun in _SAID_OF:
        # Which noun it hangs on is a text that publishers fill as they like: every noun is looked under.
        linked = target.c[_SAID_OF[noun]]
        for some in in_batches(ids):
            for owner in session.scalars(select(linked).where(among(target.c.id, some))):
                yield {f"{each}_id": owner for each in ("organization", *_WAYPOINTS)}
        return
    names = link_columns(noun)
    if not names:
        return
    for some in in_batches(ids):
        for row in session.execute(select(*(target.c[name] for name in names)).where(among(target.c.id, some))):
            yield {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _users(session: Session, noun: str, ids: Collection[str]) -> set[str]:
    """Find the organizations that use what may belong to another: locations, programs, units."""
    if noun == "location":
        return organizations_using(session, locations=ids)
    service, capacity = table("service"), table("service_capacity")
    found: set[str] = set()
    if noun not in ("program", "unit"):
        return found
    for some in in_batches(ids):
        statement = select(service.c.organization_id)
        if noun == "program":
            statement = statement.where(among(service.c.program_id, some))
        else:
            statement = statement.join(capacity, capacity.c.service_id == service.c.id).where(
                among(capacity.c.unit_id, some)
            )
        found.update(session.scalars(statement))
    return found
