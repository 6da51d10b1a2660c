"""Three organizations around one ZIP code, as few rows as show every kind of document."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.orm import Session

from resource_api.directory.publish import (
    publish_organizations,
    publish_taxonomies,
    publish_taxonomy_heads,
)
from resource_api.directory.tables import (
    Address,
    Attribute,
    Language,
    Location,
    Organization,
    Phone,
    Schedule,
    Service,
    ServiceArea,
    ServiceAtLocation,
    Source,
    Taxonomy,
    TaxonomyTerm,
)

PUBLISHED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def id_of(name: str) -> str:
    """The id under which something of the small directory is kept."""
    return str(uuid5(NAMESPACE_URL, f"small/{name}"))


def write_small_directory(session: Session) -> None:
    session.add(Source(id=1, name="small", title="A small directory", licence="CC0-1.0"))
    session.add(Taxonomy(id=id_of("taxonomy"), source_id=1, name="Kinds of help", description="Our own"))
    for name in ("Food pantry", "Diapers"):
        session.add(
            TaxonomyTerm(
                id=id_of(name),
                source_id=1,
                taxonomy_id=id_of("taxonomy"),
                code=name[0],
                name=name,
                description=name,
            )
        )
    session.flush()
    _organization(session, "Harbor Pantry", "Food pantry with groceries every week.", "Food pantry", 39.34, -76.68)
    _organization(session, "Cradle Room", "Free diapers and cribs for new parents.", "Diapers", 39.30, -76.61)
    _organization(session, "Quiet House", "A shelter for people leaving violence.", None, None, None)
    session.flush()
    names = ("Harbor Pantry", "Cradle Room", "Quiet House")
    publish_organizations(session, [id_of(name) for name in names], now=PUBLISHED_AT)
    publish_taxonomies(session, [id_of("Food pantry"), id_of("Diapers")], now=PUBLISHED_AT)
    publish_taxonomy_heads(session, [id_of("taxonomy")], now=PUBLISHED_AT)


def _organization(
    session: Session, name: str, description: str, term: str | None, latitude: float | None, longitude: float | None
) -> None:
    """Write an organization with one service; without a place, it is at a confidential one."""
    organization, service, location, site = (id_of(name + part) for part in ("", "/service", "/location", "/site"))
    session.add(Organization(id=organization, source_id=1, name=name, description=description))
    session.flush()
    session.add(
        Service(
            id=service,
            source_id=1,
            organization_id=organization,
            name=f"{name} help",
            description=description,
            status="active",
            last_modified="2026-02-01T00:00:00Z",
        )
    )
    session.add(
        Location(
            id=location,
            source_id=1,
            organization_id=organization,
            location_type="physical",
            name=f"{name} hall",
            latitude=latitude,
            longitude=longitude,
            confidential=latitude is None,
        )
    )
    session.flush()
    session.add(ServiceAtLocation(id=site, source_id=1, service_id=service, location_id=location))
    session.flush()
    session.add_all(
        [
            Address(
                id=id_of(f"{name}/address"),
                source_id=1,
                location_id=location,
                address_1="1 Invented Street",
                city="Baltimore",
                state_province="MD",
                postal_code="21215",
                country="US",
                address_type="physical",
            ),
            Phone(id=id_of(f"{name}/phone"), source_id=1, service_id=service, number="410-555-0100", extension="07"),
            Language(id=id_of(f"{name}/language"), source_id=1, service_id=service, name="Spanish", code="es"),
            Schedule(
                id=id_of(f"{name}/schedule"),
                source_id=1,
                service_id=service,
                freq="WEEKLY",
                byday="MO,WE",
                opens_at="09:00",
                closes_at="17:00",
                timezone="America/New_York",
            ),
            ServiceArea(
                id=id_of(f"{name}/area"), source_id=1, service_id=service, name="Maryland", extent_type="state"
            ),
        ]
    )
    if term is not None:
        session.add(
            Attribute(
                id=id_of(f"{name}/attribute"),
                source_id=1,
                link_id=service,
                link_entity="service",
                taxonomy_term_id=id_of(term),
            )
        )
