"""WHAT IS SEARCHABLE: the one place that turns a public service document into what an index stores.

It reads the rendered document, never the rows: what is withheld from the public cannot be found either.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from resource_api.directory.areas import at_least_a_county, read_area
from resource_api.directory.card import age_months, read_free
from resource_api.needs import vocabulary
from resource_api.needs.infer import CERTAINTIES
from resource_api.needs.offered import offered_sentences
from resource_api.places import zip_point
from resource_api.words import fold, index_tokens, split, stem

JSON = dict[str, Any]

BODY_TOKENS = 600


@dataclass(frozen=True, slots=True)
class Site:
    """Where a service can be had: a point, good to a ZIP's centroid only where `approximate`."""

    id: str
    latitude: float
    longitude: float
    city: str | None
    approximate: bool
    hours: str | None


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """What an index stores of one service. `title`, `labels` and `body` are token texts, weightiest first.

    `said` is the text itself; `pointless` are the sites without a point, by phone or withheld: their ids and hours.
    """

    service_id: str
    organization_id: str
    name_key: str
    title: str
    labels: str
    body: str
    said: str
    needs: tuple[tuple[str, str, int], ...]
    terms: frozenset[str]
    sites: tuple[Site, ...]
    pointless: tuple[tuple[str, str | None], ...]
    areas: frozenset[str]
    shapes: tuple[JSON, ...]
    remote: bool
    free: bool | None
    accepts_referrals: str | None
    capacity: str | None
    minimum_age_months: float | None
    maximum_age_months: float | None
    life_stages: tuple[str, ...]
    languages: tuple[str, ...]
    accessible: str
    assured_date: str | None
    updated_at: float
    hours: str | None
    towns: frozenset[tuple[str, str, str]]

    @property
    def spoken(self) -> frozenset[str]:
        """List the words, as they are written, that it can be found by; others do not help who misspells them."""
        tokens = {*self.title.split(), *self.labels.split(), *self.body.split()}
        words = (word for word in set(split(self.said)) if len(word) > 2 and not word.isdigit())
        return frozenset(word for word in words if stem(word) in tokens)


def search_document(service: JSON, card: JSON, *, updated_at: float) -> SearchDocument:
    """Build what is stored of a service from its public document and its card; `updated_at` is in Unix seconds."""
    needs = tuple((link["need"], link["certainty"], link["confidence"]) for link in service.get("needs", ()))
    names = f"{service['name']} {service.get('alternate_name', '')}"
    organization = service.get("organization", {}).get("name", "")
    terms = [a["taxonomy_term"] for a in service.get("attributes", ()) if "taxonomy_term" in a]
    cities = {site["location"].get("city", "") for site in card.get("sites", ())}
    labels = " ".join([organization, *(term["name"] for term in terms), *_need_labels(needs), *sorted(cities)])
    description = " ".join(offered_sentences(service.get("description", "")))
    body = f"{description} {service.get('eligibility_description', '')} {service.get('application_process', '')}"
    own_sites = service.get("service_at_locations", ())
    hidden = any(site.get("location", {}).get("confidential") for site in own_sites)
    areas, shapes = _read_areas(service, card, hidden=hidden)
    sites = tuple(site for s in card.get("sites", ()) if (site := _read_site(s)) is not None)
    pointed = {site.id for site in sites}
    hours_of_sites = {site["service_at_location_id"]: _hours(site) for site in card.get("sites", ())}
    return SearchDocument(
        service_id=service["id"],
        organization_id=service["organization_id"],
        name_key=fold(service["name"]),
        title=" ".join(index_tokens(names)),
        labels=" ".join(index_tokens(labels)),
        body=" ".join(index_tokens(body)[:BODY_TOKENS]),
        said=f"{names} {labels} {body}",
        needs=needs,
        terms=frozenset(term["id"] for term in terms),
        sites=sites,
        pointless=tuple((id_, hours) for id_, hours in hours_of_sites.items() if id_ not in pointed),
        areas=areas,
        shapes=shapes,
        remote=any(site.get("location", {}).get("location_type") == "virtual" for site in own_sites),
        free=read_free(service),
        accepts_referrals=service.get("accepts_referrals"),
        capacity=service.get("capacity_status"),
        minimum_age_months=age_months(service, "minimum_age"),
        maximum_age_months=age_months(service, "maximum_age"),
        life_stages=tuple(service.get("life_stages", ())) or _confirmed_stages([term["name"] for term in terms]),
        languages=tuple(dict.fromkeys(read_language(r["code"]) for r in card.get("languages", ()) if "code" in r)),
        accessible=" ".join(_accessibility(card)),
        assured_date=service.get("assured_date"),
        updated_at=updated_at,
        hours=next((hours for hours in hours_of_sites.values() if hours), None),
        towns=frozenset(_towns(card)),
    )


def _towns(card: JSON) -> Iterator[tuple[str, str, str]]:
    """List the towns of a card's sites as (city, state, ZIP); a confidential site says none."""
    for site in card.get("sites", ()):
        location = site["location"]
        town = tuple(str(location.get(key, "")).strip() for key in ("city", "state_province", "postal_code"))
        if all(town):
            yield town[0], town[1], town[2]


@lru_cache(maxsize=1024)
def read_language(tag: str) -> str:
    """Read a language tag (BCP 47, or ISO 639-2 as publishers write it) as the language alone: `es` for `spa-MX`."""
    # Slow to import, and needed only where languages are told apart.
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    try:
        return str(Language.get(tag).language or tag)
    except LanguageTagError:
        return tag.casefold()


def _confirmed_stages(terms: list[str]) -> tuple[str, ...]:
    """List the life stages that taxonomy terms confirm, marked by `?`: a term includes some and excludes nobody."""
    known = vocabulary().stages_by_term
    return tuple(sorted({f"?{stage}" for name in terms for stage in known.get(name.casefold(), ())}))


def _need_labels(needs: tuple[tuple[str, str, int], ...]) -> list[str]:
    known = vocabulary().needs
    sure = [known[slug] for slug, certainty, _ in needs if certainty in CERTAINTIES[:2] and slug in known]
    return [label for need in sure for label in (need.en, need.es)]


def _read_areas(service: JSON, card: JSON, *, hidden: bool) -> tuple[frozenset[str], tuple[JSON, ...]]:
    rows = list(service.get("service_areas", ()))
    for site in service.get("service_at_locations", ()):
        rows.extend(site.get("service_areas", ()))
    state = next((s["location"].get("state_province") for s in card.get("sites", ())), None)
    codes: set[str] = set()
    shapes: list[JSON] = []
    for row in rows:
        extent = (row.get("extent_type"), row.get("extent"), row.get("name"), row.get("description"))
        area = read_area(*extent, state=state)
        if area is not None and hidden:
            # A small area around a hidden site would point at it: only a county or wider may speak for it.
            area = at_least_a_county(area)
        if area is None:
            continue
        codes |= area.codes
        if area.shape is not None:
            shapes.append(area.shape)
    return frozenset(codes), tuple(shapes)


def _read_site(site: JSON) -> Site | None:
    location = site["location"]
    if location.get("confidential"):
        return None
    latitude, longitude = location.get("latitude"), location.get("longitude")
    approximate = latitude is None or longitude is None
    if latitude is None or longitude is None:
        point = zip_point(location.get("postal_code", ""))
        if point is None:
            return None
        latitude, longitude = point.latitude, point.longitude
    return Site(
        id=site["service_at_location_id"],
        latitude=float(latitude),
        longitude=float(longitude),
        city=location.get("city"),
        approximate=approximate,
        hours=_hours(site),
    )


def _hours(site: JSON) -> str | None:
    return orjson.dumps(site["hours"]).decode() if "hours" in site else None


def _accessibility(card: JSON) -> list[str]:
    return [text for site in card.get("sites", ()) for text in site["location"].get("accessibility", ())]
