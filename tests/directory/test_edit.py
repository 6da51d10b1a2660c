"""What stewards write: every member of every noun, and only what they changed."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from resource_api.access.policy import Caller, Grants
from resource_api.database import Database
from resource_api.directory.edit import EditKind, Precondition, delete_record, patch_record, put_record, read_record
from resource_api.directory.graph import table
from resource_api.directory.list_records import RecordQuery, select_records
from resource_api.directory.load.shape import CODELISTS, columns
from resource_api.directory.nesting import READ_ONLY, children_of
from resource_api.directory.read_field import members_of
from resource_api.directory.tables import Document, Metadata
from resource_api.errors import BadInput, Conflict, Gone, NotAllowed, NotFound, NotFresh, Stale
from resource_api.wiring import attach_index
from tests.databases import Kind, make_tables, url_of
from tests.directory.whole_directory import LATER, SECRET, id_of, put, write_whole_directory
from tests.directory.whole_documents import is_said, sample, whole_document

JSON = dict[str, Any]


def steward(organization: str | None) -> Grants:
    role = "admin" if organization is None else "steward"
    own = None if organization is None else id_of(organization)
    caller = Caller("client", own, role, frozenset({"directory.write"}))
    return Grants(caller, "directory.edit", everything=organization is None)


CLINIC, HOUSE, ADMIN = steward("clinic"), steward("house"), steward(None)


@pytest.fixture(scope="module")
def whole(database_kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(url_of(database_kind.new(tmp_path_factory.mktemp("edit") / "directory")))
    make_tables(database)
    attach_index(database)
    with database.write() as session:
        write_whole_directory(session)
        session.commit()
    yield database
    database.close()


@pytest.fixture
def session(whole: Database) -> Iterator[Session]:
    """A session whose changes are given up."""
    with whole.write() as session:
        yield session
        session.rollback()


def read(session: Session, kind: EditKind, record_id: str) -> JSON:
    found: JSON = json.loads(read_record(session, kind, record_id).json)
    return found


def known(session: Session, kind: EditKind, record_id: str) -> Precondition:
    return Precondition(frozenset({read_record(session, kind, record_id).etag}))


def patch(session: Session, grants: Grants, kind: EditKind, label: str, change: JSON) -> JSON:
    record_id = id_of(label)
    edited = patch_record(session, grants, kind, record_id, change, known(session, kind, record_id), now=LATER)
    assert edited.record.json == read_record(session, kind, record_id).json
    found: JSON = json.loads(edited.record.json)
    return found


def send(session: Session, grants: Grants, kind: EditKind, label: str, document: JSON) -> bool:
    record_id = id_of(label)
    return put_record(session, grants, kind, record_id, document, known(session, kind, record_id), now=LATER).changed


def create(session: Session, grants: Grants, kind: EditKind, document: JSON) -> JSON:
    edited = put_record(session, grants, kind, document["id"], document, Precondition(is_new=True), now=LATER)
    assert edited.created
    found: JSON = json.loads(edited.record.json)
    return found


RECORDS: list[tuple[EditKind, str]] = [
    ("organization", "clinic"), ("organization", "house"), ("organization", "line"),
    ("service", "visits"), ("service", "bus"), ("service", "refuge"), ("service", "listening"),
    ("service_at_location", "visits at hall"), ("service_at_location", "refuge at hideout"),
    ("service_at_location", "bus at hall"), ("location", "hall"), ("location", "hideout"), ("location", "anywhere"),
    ("location", "attic"), ("taxonomy", "kinds"), ("taxonomy_term", "prenatal"),
]  # fmt: skip
NEW: dict[EditKind, JSON] = {
    "organization": {},
    "service": {"organization_id": id_of("clinic"), "program_id": id_of("babies")},
    "service_at_location": {"service_id": id_of("visits"), "location_id": id_of("anywhere")},
    "location": {"organization_id": id_of("clinic")},
    "taxonomy": {},
    "taxonomy_term": {"taxonomy_id": id_of("kinds"), "parent_id": id_of("health")},
}


@pytest.mark.parametrize(("kind", "label"), RECORDS)
def test_what_is_served_can_be_sent_back(session: Session, kind: EditKind, label: str) -> None:
    before = session.execute(select(func.count()).select_from(Metadata)).scalar()
    assert not send(session, ADMIN, kind, label, read(session, kind, id_of(label)))
    assert session.execute(select(func.count()).select_from(Metadata)).scalar() == before
    assert session.execute(text("SELECT count(*) FROM change")).scalar() == 0


@pytest.mark.parametrize(("kind", "label"), RECORDS)
def test_what_only_shows_something_can_be_left_out(session: Session, kind: EditKind, label: str) -> None:
    shown = {"metadata", "source", "original_id", "last_modified", "services", "locations", "service_at_locations"}
    document = {key: value for key, value in read(session, kind, id_of(label)).items() if key not in shown | {"id"}}
    for key in ("organization", "program", "service", "location", "taxonomy_detail"):
        document.pop(key, None)
    assert not send(session, ADMIN, kind, label, document)


@pytest.mark.parametrize("kind", NEW)
def test_every_member_of_a_new_record_is_served_as_it_was_sent(session: Session, kind: EditKind) -> None:
    document = whole_document(kind, **NEW[kind])
    served = create(session, ADMIN, kind, document)
    assert is_said(document, served), (document, served)
    edited = put_record(session, ADMIN, kind, document["id"], served, known(session, kind, document["id"]), now=LATER)
    assert not edited.changed


@pytest.mark.parametrize("kind", NEW)
def test_every_member_can_be_changed_by_itself_and_taken_away(session: Session, kind: EditKind) -> None:
    served = create(session, ADMIN, kind, whole_document(kind, **NEW[kind]))
    record_id = served["id"]
    for column in columns(kind):
        if column.kind in ("link", "flag") or column.name in READ_ONLY:
            continue
        names = members_of(kind, column.name)
        other = CODELISTS[column.name][1] if column.name in CODELISTS else "Other words"
        first: JSON = {column.name: other} if column.required or column.may_be_empty else dict.fromkeys(names)
        for change in (first, sample(kind, column)):
            precondition = known(session, kind, record_id)
            edited = patch_record(session, ADMIN, kind, record_id, change, precondition, now=LATER)
            now = json.loads(edited.record.json)
            assert edited.changed, column.name
            assert is_said({k: v for k, v in change.items() if v is not None}, now)
            if None in change.values() and column.name != "needs":
                assert not now.keys() & set(names), column.name
    for key, _ in children_of(kind):
        precondition = known(session, kind, record_id)
        patch_record(session, ADMIN, kind, record_id, {key: None}, precondition, now=LATER)
        assert key not in read(session, kind, record_id)


def test_only_the_rows_that_changed_are_written(session: Session) -> None:
    phones = read(session, "service", id_of("visits"))["phones"]
    phones[0]["number"] = "(410) 555-0177"
    served = patch(session, CLINIC, "service", "visits", {"phones": phones})
    (changed, same) = served["phones"]
    assert changed["number"] == "(410) 555-0177"
    assert changed["extension_text"] == "0123"
    assert [row["field_name"] for row in changed["metadata"]] == ["number"]
    assert "metadata" not in same


def test_children_are_added_taken_away_and_put_in_order(session: Session) -> None:
    first, second = read(session, "service", id_of("visits"))["phones"]
    new = {"id": str(uuid4()), "number": "(410) 555-0111", "languages": [{"id": str(uuid4()), "code": "es"}]}
    served = patch(session, CLINIC, "service", "visits", {"phones": [second, new, first]})
    assert [phone["id"] for phone in served["phones"]] == [second["id"], new["id"], first["id"]]
    assert served["phones"][1] == new
    served = patch(session, CLINIC, "service", "visits", {"phones": [new]})
    assert served["phones"] == [new]
    told = [row for row in served["metadata"] if row["field_name"] == "phones"]
    assert json.loads(told[0]["replacement_value"]) == [new]
    assert {phone["id"] for phone in json.loads(told[1]["previous_value"])} == {first["id"], second["id"]}
    # An id that was taken away can come back where it was, and nowhere else.
    assert patch(session, CLINIC, "service", "visits", {"phones": [new, {"id": first["id"], "number": "1"}]})
    with pytest.raises(BadInput) as refused:
        patch(session, CLINIC, "service", "bus", {"phones": [new]})
    assert refused.value.field == "phones[0].id"


def test_history_tells_what_changed_and_who_did_it(session: Session) -> None:
    served = patch(session, CLINIC, "service", "visits", {"description": "New words", "minimum_age": None})
    told = [row for row in served["metadata"] if row["last_action_date"] == LATER.date().isoformat()]
    assert [(r["field_name"], r["last_action_type"], r["previous_value"], r["replacement_value"]) for r in told] == [
        ("description", "update", 'A nurse visits, with "advice"\nand diapers.', "New words"),
        ("minimum_age", "update", "0.5", ""),
    ]
    assert {row["updated_by"] for row in told} == {"Harbor Clinic"}
    assert {row["resource_id"] for row in told} == {id_of("visits")}
    assert served["last_modified"].startswith(LATER.date().isoformat())
    served = patch(session, ADMIN, "service", "visits", {"alert": "Closed on Monday"})
    assert served["metadata"][-1]["updated_by"] == "An administrator"


def test_a_record_is_known_by_its_etag(session: Session) -> None:
    record_id = id_of("visits")
    old = known(session, "service", record_id)
    patch(session, CLINIC, "service", "visits", {"name": "First"})
    with pytest.raises(Stale):
        patch_record(session, CLINIC, "service", record_id, {"name": "Second"}, old, now=LATER)
    with pytest.raises(NotFresh):
        patch_record(session, CLINIC, "service", record_id, {"name": "Second"}, Precondition(), now=LATER)
    with pytest.raises(Stale):
        put_record(session, CLINIC, "service", record_id, {}, Precondition(is_new=True), now=LATER)
    with pytest.raises(NotFresh):
        put_record(session, CLINIC, "service", str(uuid4()), {}, Precondition(), now=LATER)
    with pytest.raises(NotFound):
        patch_record(session, CLINIC, "service", str(uuid4()), {}, old, now=LATER)
    with pytest.raises(NotFresh):
        delete_record(session, CLINIC, "service", record_id, Precondition(), now=LATER)
    assert read(session, "service", record_id)["name"] == "First"


WHOSE = [
    ("clinic", {"clinic", "visits", "bus", "visits at hall", "bus at hall", "hall"}),
    ("house", {"house", "refuge", "refuge at hideout", "hideout"}),
    ("line", {"line", "listening", "anywhere"}),
]


@pytest.mark.parametrize(("organization", "own"), WHOSE)
def test_a_steward_writes_what_is_its_organizations_and_nothing_else(
    session: Session, organization: str, own: set[str]
) -> None:
    for kind, label in RECORDS:
        record_id = id_of(label)
        # Who may not write a record is told so whether or not it knows the version.
        for precondition in (known(session, kind, record_id), Precondition()):
            try:
                patch_record(session, steward(organization), kind, record_id, {}, precondition, now=LATER)
            except NotAllowed:
                assert label not in own
            except NotFresh:
                assert label in own
            else:
                assert label in own


def test_a_steward_makes_records_for_its_own_organization_alone(session: Session) -> None:
    service = {"id": str(uuid4()), "name": "New", "status": "active"}
    assert create(session, CLINIC, "service", service | {"organization_id": id_of("clinic")})
    by_what_it_shows = service | {"id": str(uuid4()), "organization": {"id": id_of("clinic")}}
    assert create(session, CLINIC, "service", by_what_it_shows)["organization_id"] == id_of("clinic")
    for other in (service | {"id": str(uuid4()), "organization_id": id_of("house")},):
        with pytest.raises(NotAllowed):
            create(session, CLINIC, "service", other)
    with pytest.raises(NotAllowed):
        create(session, CLINIC, "organization", {"id": str(uuid4()), "name": "Mine", "description": ""})
    with pytest.raises(NotAllowed):
        create(session, CLINIC, "location", {"id": str(uuid4()), "location_type": "virtual"})
    with pytest.raises(NotAllowed):
        create(session, CLINIC, "taxonomy", {"id": str(uuid4()), "name": "Mine", "description": ""})


def test_nobody_but_its_owner_has_services_at_a_confidential_location(session: Session) -> None:
    """Whatever words the other would say there would be struck out, and tell which of them are its street."""
    site = {"id": str(uuid4()), "service_id": id_of("visits"), "location_id": id_of("hideout")}
    with pytest.raises(NotAllowed):
        create(session, CLINIC, "service_at_location", site)


def test_a_row_that_two_organizations_share_is_written_by_neither_alone(session: Session) -> None:
    put(session, "phone", "shared", service="visits", organization="house", number="(410) 555-0150")
    patch(session, ADMIN, "service", "visits", {"alert": "published"})
    phones = read(session, "service", id_of("visits"))["phones"]
    shared = next(phone for phone in phones if phone["id"] == id_of("shared"))
    changed = [phone if phone is not shared else phone | {"number": "1"} for phone in phones]
    with pytest.raises(NotAllowed):
        patch(session, CLINIC, "service", "visits", {"phones": changed})
    patch(session, ADMIN, "service", "visits", {"phones": changed})
    assert read(session, "organization", id_of("house"))["phones"][0]["number"] == "1"
    without = [phone for phone in changed if phone["id"] != shared["id"]]
    assert id_of("shared") not in str(patch(session, ADMIN, "service", "visits", {"phones": without})["phones"])
    assert read(session, "organization", id_of("house"))["phones"][0]["number"] == "1"


def test_a_link_can_be_said_by_its_id_by_what_it_shows_or_by_both(session: Session) -> None:
    program = {"id": str(uuid4()), "name": "Second", "description": ""}
    programs = [*read(session, "organization", id_of("clinic"))["programs"], program]
    patch(session, CLINIC, "organization", "clinic", {"programs": programs})
    assert patch(session, CLINIC, "service", "visits", {"program_id": program["id"]})["program"] == program
    served = patch(session, CLINIC, "service", "visits", {"program": {"id": id_of("babies")}})
    assert served["program_id"] == served["program"]["id"] == id_of("babies")
    with pytest.raises(BadInput) as refused:
        patch(session, CLINIC, "organization", "clinic", {"programs": [program]})
    assert refused.value.field == "programs"
    for away in ({"program_id": None}, {"program": None}):
        assert not patch(session, CLINIC, "service", "visits", away).keys() & {"program", "program_id"}
        patch(session, CLINIC, "service", "visits", {"program_id": program["id"]})
    with pytest.raises(BadInput):
        patch(session, CLINIC, "service", "visits", {"program": {"id": program["id"], "name": "Not that"}})
    with pytest.raises(BadInput):
        patch(session, CLINIC, "service", "visits", {"program_id": id_of("babies"), "program": {"id": str(uuid4())}})


def test_a_new_unit_comes_with_its_capacity_and_a_known_one_is_only_named(session: Session) -> None:
    capacities = read(session, "service", id_of("visits"))["capacities"]
    new = {
        "id": str(uuid4()),
        "available": 2,
        "updated": "2026-02-01T00:00:00Z",
        "unit": {"id": str(uuid4()), "name": "Seats"},
    }
    served = patch(session, CLINIC, "service", "visits", {"capacities": [*capacities, new]})
    assert served["capacities"][1] == new
    capacities[0] |= {"unit": {"id": new["unit"]["id"]}}
    assert (
        patch(session, CLINIC, "service", "visits", {"capacities": capacities})["capacities"][0]["unit"] == new["unit"]
    )
    capacities[0] |= {"unit": {"id": id_of("beds"), "name": "Not beds"}}
    with pytest.raises(BadInput) as refused:
        patch(session, CLINIC, "service", "visits", {"capacities": capacities})
    assert refused.value.field == "capacities[0].unit.name"


def test_given_needs_are_written_and_inferred_ones_are_not(session: Session) -> None:
    needs = read(session, "service", id_of("visits"))["needs"]
    served = patch(session, CLINIC, "service", "visits", {"needs": [*needs, {"need": "food", "certainty": "given"}]})
    assert {"need": "food", "certainty": "given", "confidence": 9} in served["needs"]
    for wrong in ({"need": "food", "certainty": "term"}, {"need": "nonesuch", "certainty": "given"}):
        with pytest.raises(BadInput):
            patch(session, CLINIC, "service", "visits", {"needs": [*needs, wrong]})
    left = patch(session, CLINIC, "service", "visits", {"needs": None}).get("needs", [])
    assert "given" not in {link["certainty"] for link in left}


ANY = str(uuid4())
TWO_ZONES = {"id": ANY, "timezone": 3, "timezone_name": "America/Phoenix"}
SPOKEN = {"id": ANY, "number": "1", "languages": [{"id": ANY, "code": 1}]}
BAD: list[tuple[str, str, JSON, str]] = [
    ("service", "visits", {"nonesuch": 1}, "nonesuch"),
    ("service", "visits", {"name": None}, "name"),
    ("service", "visits", {"name": 7}, "name"),
    ("service", "visits", {"name": "a\x00b"}, "name"),
    ("service", "visits", {"description": "x" * 100_001}, "description"),
    ("service", "visits", {"status": "open"}, "status"),
    ("service", "visits", {"status": "Active"}, "status"),
    ("service", "visits", {"url": "not a url"}, "url"),
    ("service", "visits", {"url": "example.org"}, "url"),
    ("service", "visits", {"email": "nobody"}, "email"),
    ("service", "visits", {"minimum_age": "6"}, "minimum_age"),
    ("service", "visits", {"minimum_age": True}, "minimum_age"),
    ("service", "visits", {"minimum_age": float("nan")}, "minimum_age"),
    ("service", "visits", {"minimum_age_months": 2.5}, "minimum_age_months"),
    ("service", "visits", {"minimum_age_months": -1}, "minimum_age_months"),
    ("service", "visits", {"assured_date": "tomorrow"}, "assured_date"),
    ("service", "visits", {"life_stages": ["toddler"]}, "life_stages"),
    ("service", "visits", {"life_stages": "infant"}, "life_stages"),
    ("service", "visits", {"accepts_referrals": "maybe"}, "accepts_referrals"),
    ("service", "visits", {"program_id": "nonesuch"}, "program_id"),
    ("service", "visits", {"program": "babies"}, "program"),
    ("service", "visits", {"organization_id": id_of("house")}, "organization_id"),
    ("service", "visits", {"organization": {"name": "Another"}}, "organization.name"),
    ("service", "visits", {"id": ANY}, "id"),
    ("service", "visits", {"last_modified": "2026-02-02T00:00:00Z"}, "last_modified"),
    ("service", "visits", {"source": {"name": "mine"}}, "source"),
    ("service", "visits", {"original_id": "x"}, "original_id"),
    ("service", "visits", {"metadata": []}, "metadata"),
    ("service", "visits", {"service_at_locations": [{"id": ANY}]}, "service_at_locations"),
    ("service", "visits", {"phones": {}}, "phones"),
    ("service", "visits", {"phones": [7]}, "phones"),
    ("service", "visits", {"phones": [{"number": "1"}]}, "phones[0].id"),
    ("service", "visits", {"phones": [{"id": "x", "number": "1"}]}, "phones[0].id"),
    ("service", "visits", {"phones": [{"id": ANY}]}, "phones[0].number"),
    ("service", "visits", {"phones": [{"id": id_of("nurse phone"), "number": "1"}]}, "phones[0].id"),
    ("service", "visits", {"phones": [{"id": ANY, "number": "1", "service_id": id_of("bus")}]}, "phones[0].service_id"),
    ("service", "visits", {"phones": [{"id": ANY, "number": "1", "extension": 1.5}]}, "phones[0].extension"),
    (
        "service",
        "visits",
        {"phones": [SPOKEN]},
        "phones[0].languages[0].code",
    ),
    ("service", "visits", {"schedules": [{"id": ANY, "opens_at": "9am"}]}, "schedules[0].opens_at"),
    ("service", "visits", {"schedules": [{"id": ANY, "freq": "DAILY"}]}, "schedules[0].freq"),
    ("service", "visits", {"schedules": [{"id": ANY, "timezone_name": "Mars/Olympus"}]}, "schedules[0].timezone_name"),
    ("service", "visits", {"schedules": [{"id": ANY, "timezone": 99}]}, "schedules[0].timezone"),
    (
        "service",
        "visits",
        {"schedules": [TWO_ZONES]},
        "schedules[0].timezone",
    ),
    ("service", "visits", {"attributes": [{"id": ANY, "taxonomy_term_id": ANY}]}, "attributes[0].taxonomy_term_id"),
    ("service", "visits", {"attributes": [{"id": ANY, "link_id": id_of("bus")}]}, "attributes[0].link_id"),
    ("service_at_location", "visits at hall", {"location_id": id_of("anywhere")}, "location_id"),
    ("service_at_location", "visits at hall", {"location": {"name": "Elsewhere"}}, "location.name"),
    ("location", "hall", {"latitude": 91}, "latitude"),
    ("location", "hall", {"longitude": -181}, "longitude"),
    ("location", "hall", {"location_type": None}, "location_type"),
    ("location", "hall", {"confidential": "yes"}, "confidential"),
    ("location", "hall", {"addresses": [{"id": ANY, "address_1": "1 Street"}]}, "addresses[0].address_type"),
    ("location", "hideout", {"addresses": [{"id": ANY, "address_1": SECRET}]}, "addresses"),
    ("location", "hideout", {"name": "The house"}, "name"),
    ("organization", "clinic", {"services": []}, "services"),
    ("organization", "clinic", {"year_incorporated": []}, "year_incorporated"),
]


@pytest.mark.parametrize(("kind", "label", "change", "field"), BAD)
def test_what_is_wrong_is_refused_by_its_path(
    session: Session, kind: EditKind, label: str, change: JSON, field: str
) -> None:
    before = read_record(session, kind, id_of(label))
    with pytest.raises(BadInput) as refused:
        patch(session, ADMIN, kind, label, change)
    assert refused.value.field == field
    assert read_record(session, kind, id_of(label)) == before


def test_a_deleted_service_is_a_tombstone_and_takes_its_sites_along(session: Session) -> None:
    record_id = id_of("visits")
    delete_record(session, CLINIC, "service", record_id, known(session, "service", record_id), now=LATER)
    for kind, label in (("service", "visits"), ("service_at_location", "visits at hall")):
        with pytest.raises(Gone):
            read_record(session, kind, id_of(label))
        page = select_records(session, RecordQuery(kind, modified_after=LATER, tombstones=True)).page(
            "brief", offset=0, limit=100
        )
        gone = [json.loads(each) for each in page if json.loads(each)["id"] == id_of(label)]
        assert gone == [{"id": id_of(label), "deleted": True, "deleted_at": "2026-04-01T12:00:00.000000Z"}]
    for noun in ("phone", "schedule", "contact", "language", "attribute", "metadata"):
        rows = table(noun)
        alive = session.scalars(select(rows.c.id).where(rows.c.deleted_at.is_(None))).all()
        for label in ("b phone", "weekdays", "nurse", "nurse phone", "spanish", "tag", "change"):
            assert id_of(label) not in alive, (noun, label)
    assert "visits" not in str([s["name"] for s in read(session, "organization", id_of("clinic"))["services"]])
    with pytest.raises(Gone):
        patch_record(session, CLINIC, "service", record_id, {}, Precondition(), now=LATER)


def test_the_id_of_a_deleted_record_can_be_used_again_by_whoever_had_it(session: Session) -> None:
    record_id = id_of("visits")
    document = read(session, "service", record_id)
    delete_record(session, CLINIC, "service", record_id, known(session, "service", record_id), now=LATER)
    new = {"id": record_id, "name": "Again", "status": "active", "organization_id": id_of("house")}
    with pytest.raises(NotAllowed):
        create(session, HOUSE, "service", new)
    served = create(
        session, CLINIC, "service", new | {"organization_id": id_of("clinic"), "phones": document["phones"]}
    )
    assert served["name"] == "Again"
    assert [phone["number"] for phone in served["phones"]] == [phone["number"] for phone in document["phones"]]
    assert not served.keys() & {"description", "program_id", "schedules", "original_id"}


def test_a_deleted_organization_takes_everything_of_its_own_along(session: Session) -> None:
    put(session, "service_at_location", "listening at hall", service="listening", location="hall")
    delete_record(
        session, CLINIC, "organization", id_of("clinic"), known(session, "organization", id_of("clinic")), now=LATER
    )
    left = session.execute(
        select(Document.kind, Document.id).where(
            Document.organization_id == id_of("clinic"), Document.deleted_at.is_(None)
        )
    ).all()
    assert left == []
    # Another organization's service is there.
    assert read(session, "location", id_of("hall"))["name"] == "Harbor Hall"
    assert read(session, "service", id_of("listening"))["service_at_locations"]


def test_a_location_where_others_have_services_is_not_deleted(session: Session) -> None:
    put(session, "service_at_location", "listening at hall", service="listening", location="hall")
    hall = id_of("hall")
    with pytest.raises(Conflict):
        delete_record(session, CLINIC, "location", hall, known(session, "location", hall), now=LATER)
    delete_record(session, ADMIN, "location", hall, known(session, "location", hall), now=LATER)
    with pytest.raises(Gone):
        read_record(session, "location", hall)
    assert "service_at_locations" not in read(session, "service", id_of("bus"))


def test_an_administrators_terms_reach_the_services_that_have_them(session: Session) -> None:
    patch(session, ADMIN, "taxonomy_term", "prenatal", {"name": "Before birth"})
    assert read(session, "service", id_of("visits"))["attributes"][0]["taxonomy_term"]["name"] == "Before birth"
    patch(session, ADMIN, "taxonomy", "kinds", {"name": "Sorts"})
    assert read(session, "taxonomy_term", id_of("prenatal"))["taxonomy_detail"]["name"] == "Sorts"
    term = id_of("prenatal")
    delete_record(session, ADMIN, "taxonomy_term", term, known(session, "taxonomy_term", term), now=LATER)
    assert "taxonomy_term" not in read(session, "service", id_of("visits"))["attributes"][0]
