"""HOW A SEARCH DOCUMENT IS STORED in the embedded index: one narrow row, and four texts of tokens."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson

from resource_api.needs import vocabulary
from resource_api.search.cells import cell_tokens, unit_vector
from resource_api.search.document import SearchDocument
from resource_api.search.expression import area_token, family_token, need_token, organization_token, term_token
from resource_api.search.rank import focus

Row = Sequence[Any]

# What a judge reads, in this order; the first eleven by number, for they are read of every row.
COLUMNS = (
    "service_id",
    "needs",
    "focus",
    "assured_day",
    "capacity",
    "x",
    "y",
    "z",
    "site",
    "areas",
    "remote",
    "sites",
    "shapes",
    "title",
    "labels",
    "hours",
    "name_key",
    "updated_at",
    "organization_id",
    "city",
    "accepts",
    "free",
    "minimum_age",
    "maximum_age",
    "life_stages",
    "languages",
    "accessible",
)


def write_row(document: SearchDocument) -> dict[str, Any]:
    """Write the columns that are filtered and ranked by."""
    first = document.sites[0] if document.sites else None
    x, y, z = unit_vector(first.latitude, first.longitude) if first else (None, None, None)
    return {
        "service_id": document.service_id,
        "organization_id": document.organization_id,
        "name_key": document.name_key,
        "title": f" {document.title} ",
        "labels": f" {document.labels} ",
        "x": x,
        "y": y,
        "z": z,
        "site": first.id if first else None,
        "city": first.city if first else None,
        "hours": first.hours if first else document.hours,
        "sites": _write_sites(document),
        "areas": " ".join(sorted(document.areas)),
        "shapes": orjson.dumps(document.shapes).decode() if document.shapes else None,
        "remote": document.remote,
        "needs": write_needs(document.needs),
        "focus": focus(len(document.needs)),
        "assured_day": _day(document.assured_date),
        "capacity": document.capacity,
        "accepts": document.accepts_referrals,
        "free": document.free,
        "minimum_age": document.minimum_age_months,
        "maximum_age": document.maximum_age_months,
        "life_stages": " ".join(document.life_stages),
        "languages": " ".join(document.languages),
        "accessible": document.accessible,
        "updated_at": document.updated_at,
    }


def text_columns(document: SearchDocument) -> dict[str, str]:
    """Write the token texts; `tags` holds what is not a word: cells, areas, needs, terms, the organization."""
    known = vocabulary()
    tags = [organization_token(document.organization_id)]
    tags += [need_token(slug) for slug, _, _ in document.needs]
    tags += sorted({family_token(s) for slug, _, _ in document.needs for s in known.lineage(slug)})
    tags += [term_token(term) for term in document.terms]
    cells = {token for site in document.sites for token in cell_tokens(site.latitude, site.longitude)}
    tags += sorted(cells)
    tags += [area_token(code) for code in document.areas]
    if document.shapes:
        tags.append("shape")
    if document.remote:
        tags.append("remote")
    return {"title": document.title, "labels": document.labels, "body": document.body, "tags": " ".join(tags)}


def write_needs(needs: tuple[tuple[str, str, int], ...]) -> str:
    """Write needs as `,slug:confidence certainty,`, and as `,^slug:...,` the best of it and its children."""
    known = vocabulary()
    best: dict[str, tuple[int, str]] = {}
    for slug, certainty, confidence in needs:
        said = (confidence, certainty[0])
        best[slug] = said
        for each in known.lineage(slug):
            best[f"^{each}"] = max(said, best.get(f"^{each}", said))
    return "".join(f",{slug}:{confidence}{initial}" for slug, (confidence, initial) in sorted(best.items())) + ","


def _write_sites(document: SearchDocument) -> str | None:
    """Write every site as [id, x, y, z, hours] where there are several, the likeliest to be meant first."""
    pointed = [[s.id, *unit_vector(s.latitude, s.longitude), s.hours] for s in document.sites]
    pointless = [[id_, None, None, None, hours] for id_, hours in document.pointless]
    # Whoever is out of reach of the sites of a service by phone is going to phone.
    sites = [*pointless, *pointed] if document.remote else [*pointed, *pointless]
    return orjson.dumps(sites).decode() if len(sites) > 1 else None


def _day(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10]).toordinal()
    except ValueError:
        return None
