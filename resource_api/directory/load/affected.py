"""WHOSE DOCUMENTS CHANGE when rows change: the organizations that own them, or whose services are at their locations."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.directory.graph import OWNERS, in_batches, table
from resource_api.directory.load.shape import LINKS, NOUNS, link_columns
from resource_api.directory.load.write_rows import Links, Written
from resource_api.directory.publish import organizations_using


def affected_organizations(session: Session, written: Written) -> set[str]:
    """List the organizations whose documents contain what was written."""
    found = set(written.ids("organization"))
    wanted: dict[str, set[str]] = {}
    for noun in NOUNS:
        if noun == "organization":
            continue
        for links in written.links[noun]:
            _follow(noun, links, found, wanted)
    # A new location is in no document but those of rows written with it, which lead there themselves.
    wanted.setdefault("location", set()).update(written.changed["location"])
    wanted.setdefault("program", set()).update(written.changed["program"])
    wanted.setdefault("unit", set()).update(written.changed["unit"])
    return found | owning_organizations(session, wanted)


def changed_terms(session: Session, written: Written) -> set[str]:
    """List the terms whose documents contain what was written: the terms themselves, and those of a changed taxonomy."""
    terms = set(written.ids("taxonomy_term"))
    term = table("taxonomy_term")
    for some in in_batches(written.changed["taxonomy"]):
        terms.update(session.scalars(select(term.c.id).where(term.c.taxonomy_id.in_(some))))
    return terms


def owning_organizations(session: Session, wanted: dict[str, set[str]]) -> set[str]:
    """Find the organizations that these records, by noun, belong to; rows on the way are read in bulk."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    while any(wanted.values()):
        further: dict[str, set[str]] = {}
        for noun, ids in wanted.items():
            fresh = {i for i in ids if (noun, i) not in seen}
            seen.update((noun, i) for i in fresh)
            if not fresh:
                continue
            if noun == "organization":
                found |= fresh
                continue
            if noun == "location":
                found |= organizations_using(session, locations=fresh)
            elif noun in ("program", "unit"):
                found |= _users(session, noun, fresh)
            for links in _links_of(session, noun, fresh):
                _follow(noun, links, found, further)
        wanted = further
    return found


def _follow(noun: str, links: Links, found: set[str], wanted: dict[str, set[str]]) -> None:
    """Go from a row to its owners; a service leads to its organization, not on to its program."""
    if noun == "service":
        names: Collection[str] = ("organization_id",)
    elif noun == "location":
        names = ("organization_id",)
    elif noun == "service_at_location":
        names = ("service_id",)
    elif noun in ("attribute", "metadata"):
        names = ("link_id", "resource_id")
    else:
        names = OWNERS.get(noun, ())
    for name in names:
        linked = links.get(name)
        if linked is None:
            continue
        if name == "organization_id":
            found.add(linked)
        elif name in LINKS:
            wanted.setdefault(LINKS[name], set()).add(linked)
        else:
            # Which noun an attribute hangs on is not certain: the id is looked for among all that have documents.
            for owner in (*OWNERS, "service", "location", "service_at_location", "organization"):
                if owner in ("organization",):
                    wanted.setdefault("organization?", set()).add(linked)
                else:
                    wanted.setdefault(owner, set()).add(linked)


def _links_of(session: Session, noun: str, ids: Collection[str]) -> list[Links]:
    name = "organization" if noun == "organization?" else noun
    target = table(name)
    links = ("id",) if noun == "organization?" else link_columns(name)
    out: list[Links] = []
    for some in in_batches(ids):
        for row in session.execute(select(*(target.c[link] for link in links)).where(target.c.id.in_(some))):
            if noun == "organization?":
                out.append({"organization_id": row[0]})
            else:
                out.append({link: value for link, value in zip(links, row, strict=True) if value is not None})
    return out


def _users(session: Session, noun: str, ids: Collection[str]) -> set[str]:
    service, capacity = table("service"), table("service_capacity")
    found: set[str] = set()
    for some in in_batches(ids):
        statement = select(service.c.organization_id)
        if noun == "program":
            statement = statement.where(service.c.program_id.in_(some))
        else:
            statement = statement.join(capacity, capacity.c.service_id == service.c.id).where(capacity.c.unit_id.in_(some))
        found.update(session.scalars(statement))
    return found
