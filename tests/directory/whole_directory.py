"""A directory that has every HSDS noun, a shelter whose address is secret, and a location that nobody uses."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from resource_api.directory.graph import table
from resource_api.directory.publish import publish_organizations, publish_taxonomies, publish_taxonomy_heads
from resource_api.directory.tables import Source

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 4, 1, 12, tzinfo=UTC)
SECRET = "2217 Hidden Hollow Lane"
SQUARE = {"type": "Polygon", "coordinates": [[[-77, 39], [-76, 39], [-76, 40], [-77, 40], [-77, 39]]]}


def id_of(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"whole/{name}"))


def write_whole_directory(session: Session) -> None:
    session.add(Source(id=1, name="whole", title="A whole directory", licence="CC0-1.0", published_at="2026-01-31"))
    session.flush()
    _taxonomies(session)
    _clinic(session)
    _shelter(session)
    _hotline(session)
    put(session, "location", "attic", location_type="physical", name="An unused attic")
    put(session, "address", "attic address", location="attic", **_address("9 Attic Road", "21202"))
    publish(session, FIRST)


def publish(session: Session, now: datetime) -> None:
    for noun, function in (
        ("organization", publish_organizations),
        ("taxonomy_term", publish_taxonomies),
        ("taxonomy", publish_taxonomy_heads),
    ):
        function(session, list(session.scalars(select(table(noun).c.id))), now=now)


def put(session: Session, noun: str, label: str, /, **fields: Any) -> None:
    """Insert a row; `organization="clinic"` and `link_id="clinic"` link to what was put under that label."""
    columns = table(noun).columns
    row: dict[str, Any] = {"id": id_of(label), "source_id": 1, "position": 0}
    for key, value in fields.items():
        column = key if key in columns else f"{key}_id"
        row[column] = id_of(value) if column.endswith("_id") and column != "original_id" else value
    session.execute(insert(table(noun)).values(row))


def _taxonomies(session: Session) -> None:
    put(session, "taxonomy", "kinds", name="Kinds", description="Of help", version="1")
    put(session, "taxonomy", "empty", name="Without terms", description="")
    put(session, "taxonomy_term", "health", taxonomy_id="kinds", code="H", name="Health", description="")
    put(
        session,
        "taxonomy_term",
        "prenatal",
        taxonomy_id="kinds",
        parent_id="health",
        name="Prenatal",
        description="Care",
    )
    put(session, "taxonomy_term", "shelter term", taxonomy_id="kinds", name="Shelter", description="")
    put(session, "unit", "beds", name="Beds")
    put(session, "meta_table_description", "about", name="services", language="en", character_set="UTF-8")
    put(session, "metadata", "term change", resource_id="health", **_change("taxonomy_term", "name", "Helth", "Health"))


def _clinic(session: Session) -> None:
    put(
        session,
        "organization",
        "clinic",
        name="Harbor Clinic",
        description="Care for mothers",
        website="https://example.org",
        year_incorporated=1998,
        original_id="17",
    )
    put(session, "organization", "clinic branch", name="Harbor Branch", description="", parent_organization_id="clinic")
    put(session, "organization_identifier", "ein", organization="clinic", identifier_type="EIN", identifier="12-345")
    put(session, "program", "babies", organization="clinic", name="Healthy Babies", description="")
    put(session, "funding", "grant", organization="clinic", source="A grant")
    put(session, "url", "site", organization="clinic", label="More", url="https://example.org/more")
    put(
        session,
        "location",
        "hall",
        organization="clinic",
        location_type="physical",
        name="Harbor Hall",
        latitude=39.3439,
        longitude=-76.6876,
    )
    put(session, "address", "hall address", location="hall", **_address("10 Open Street", "21215"))
    put(session, "accessibility", "ramp", location="hall", description="wheelchair")
    put(
        session,
        "service",
        "visits",
        organization="clinic",
        program="babies",
        name="Home visits",
        alternate_name="Visitas a domicilio para la mamá",
        description='A nurse visits, with "advice"\nand diapers.',
        status="active",
        minimum_age=0.5,
        minimum_age_months=6,
        life_stages="pregnant;infant",
        needs="home-visiting",
        accepts_referrals="yes",
        capacity_status="waitlist",
        last_modified="2026-02-01T00:00:00Z",
        original_id="143903",
    )
    put(session, "service", "bus", organization="clinic", name="Ride to the clinic", status="inactive", position=1)
    put(session, "service_area", "counties", service="visits", name="Baltimore City, Baltimore County")
    put(session, "service_area", "square", service="bus", extent=json.dumps(SQUARE), extent_type="geojson")
    put(session, "required_document", "proof", service="visits", document="A proof of pregnancy")
    put(session, "cost_option", "fee", service="visits", option="Visit", amount=12.5, currency="USD")
    put(
        session,
        "service_capacity",
        "places",
        service="visits",
        unit="beds",
        available=3,
        updated="2026-02-01T00:00:00Z",
    )
    put(session, "service_at_location", "visits at hall", service="visits", location="hall", description="Upstairs")
    put(session, "service_at_location", "bus at hall", service="bus", location="hall")
    put(session, "contact", "nurse", service="visits", name="A. Nurse", email="nurse@example.org")
    put(session, "phone", "b phone", service="visits", number="(410) 555-0101", extension="0123")
    put(session, "phone", "a phone", service="visits", number="(410) 555-0102", extension="45", position=1)
    put(session, "phone", "nurse phone", contact="nurse", number="(410) 555-0103")
    put(session, "language", "spanish", phone="b phone", name="Spanish", code="es")
    put(
        session,
        "schedule",
        "weekdays",
        service_at_location="visits at hall",
        freq="WEEKLY",
        byday="MO,TU",
        opens_at="09:00",
        closes_at="17:00",
        timezone="America/New_York",
        interval=1,
    )
    put(session, "schedule", "phoenix", service="bus", freq="WEEKLY", byday="WE", timezone="America/Phoenix")
    put(session, "attribute", "tag", link_id="visits", link_entity="service", taxonomy_term="prenatal")
    put(
        session,
        "attribute",
        "site tag",
        link_id="bus at hall",
        link_entity="service_at_location",
        taxonomy_term="health",
    )
    put(session, "metadata", "change", resource_id="visits", **_change("service", "name", "Visits", "Home visits"))


def _shelter(session: Session) -> None:
    put(session, "organization", "house", name="Quiet House", description=f"Not at {SECRET}, ask by phone")
    put(
        session,
        "location",
        "hideout",
        organization="house",
        location_type="physical",
        name=SECRET,
        latitude=39.3,
        longitude=-76.6,
        confidential=True,
    )
    put(session, "address", "hideout address", location="hideout", **_address(SECRET, "21215"))
    put(session, "contact", "keeper", location="hideout", name="The keeper of the key")
    put(session, "phone", "keeper phone", contact="keeper", number="(410) 555-0199")
    put(session, "phone", "house phone", location="hideout", number="(410) 555-0198")
    put(session, "attribute", "hideout tag", link_id="hideout", link_entity="location", taxonomy_term="shelter term")
    put(session, "metadata", "hideout change", resource_id="hideout", **_change("location", "name", SECRET, SECRET))
    put(
        session,
        "service",
        "refuge",
        organization="house",
        name="Refuge",
        description="Come to 2217 hidden hollow ln.",
        status="active",
    )
    put(session, "service_area", "maryland", service="refuge", name="Maryland", extent_type="state")
    put(session, "service_at_location", "refuge at hideout", service="refuge", location="hideout")
    put(session, "attribute", "refuge tag", link_id="refuge", link_entity="service", taxonomy_term="shelter term")


def _hotline(session: Session) -> None:
    put(session, "organization", "line", name="Night Line", description="Listens")
    put(session, "location", "anywhere", location_type="virtual", name="By phone")
    put(
        session,
        "service",
        "listening",
        organization="line",
        name="Listening",
        description="Day and night",
        status="active",
    )
    put(session, "service_at_location", "listening anywhere", service="listening", location="anywhere")


def _address(street: str, postal_code: str) -> dict[str, str]:
    return {
        "address_1": street,
        "city": "Baltimore",
        "state_province": "MD",
        "postal_code": postal_code,
        "country": "US",
        "address_type": "physical",
    }


def _change(noun: str, field: str, before: str, after: str) -> dict[str, str]:
    return {
        "resource_type": noun,
        "last_action_date": "2026-02-01",
        "last_action_type": "update",
        "field_name": field,
        "previous_value": before,
        "replacement_value": after,
        "updated_by": "An editor",
    }
