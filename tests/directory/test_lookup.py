import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from resource_api.database import Database
from resource_api.directory.graph import table
from resource_api.directory.list_records import RecordQuery, select_records, with_full_services
from resource_api.directory.lookup import get_record
from resource_api.errors import BadQuery, Gone, NotFound
from tests.databases import make_tables, url_of
from tests.directory.whole_directory import FIRST, LATER, id_of, publish, put, write_whole_directory


@pytest.fixture(scope="module")
def database(database_kind, tmp_path_factory):
    database = Database(url_of(database_kind.new(tmp_path_factory.mktemp("lookup") / "directory")))
    make_tables(database)
    with database.write() as session:
        write_whole_directory(session)
        session.commit()
    yield database
    database.close()


@pytest.fixture
def session(database):
    with database.read() as session:
        yield session


@pytest.fixture
def editing(database):
    """A session whose changes are given up."""
    with database.write() as session:
        yield session
        session.rollback()


def names(session, kind, form="brief", **asked):
    selection = select_records(session, RecordQuery(kind, **asked))
    page = [json.loads(body) for body in selection.page(form, offset=0, limit=100)]
    assert selection.count() == len(page)
    assert [json.loads(body) for body in selection.stream(form)] == page
    return {body.get("name") or body["id"] for body in page}


def sites(session, **asked):
    known = {id_of(n): n for n in ("visits at hall", "bus at hall", "refuge at hideout", "listening anywhere")}
    return {known[found] for found in names(session, "service_at_location", form="minimal", **asked)}


EVERY_SITE = {"visits at hall", "bus at hall", "refuge at hideout", "listening anywhere"}


def test_a_record_is_got_by_its_id(session):
    found = get_record(session, "service", id_of("visits"))
    assert json.loads(found.json)["name"] == "Home visits"
    assert found.etag
    assert found.modified_at == FIRST


@pytest.mark.parametrize("wrong", ["", "not a uuid", id_of("nothing"), "x" * 5000])
def test_an_id_that_nothing_has_is_not_found(session, wrong):
    with pytest.raises(NotFound):
        get_record(session, "service", wrong)


def test_a_record_of_another_kind_is_not_found(session):
    with pytest.raises(NotFound):
        get_record(session, "organization", id_of("visits"))


def test_a_deleted_record_is_gone_and_says_when(editing):
    delete(editing, "bus")
    with pytest.raises(Gone, match="2026-04-01T12:00:00"):
        get_record(editing, "service", id_of("bus"))


def test_pages_follow_the_order_of_ids(session):
    selection = select_records(session, RecordQuery("organization"))
    ids = [json.loads(body)["id"] for start in range(5) for body in selection.page("brief", offset=start, limit=1)]
    assert ids == sorted(ids)
    assert len(ids) == selection.count() == 4


def test_a_page_beyond_the_end_is_empty(session):
    assert select_records(session, RecordQuery("service")).page("brief", offset=1000, limit=10) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nurse", {"Home visits"}),
        ("NURSE visits", {"Home visits"}),
        ("nurse refuge", set()),
        ("mamá", {"Home visits"}),
        ("harbor", {"Home visits", "Ride to the clinic"}),
        ("100%", set()),
        ("_", set()),
        ("!?", set()),
        ('"advice"', {"Home visits"}),
        ("x' OR '1'='1", set()),
    ],
)
def test_every_word_of_a_search_must_be_said(session, text, found):
    assert names(session, "service", search=text) == found


def test_organizations_sites_taxonomies_and_terms_are_searched_too(session):
    assert names(session, "organization", search="mothers care") == {"Harbor Clinic"}
    assert sites(session, search="upstairs") == {"visits at hall"}
    assert sites(session, search="night line") == {"listening anywhere"}
    assert names(session, "taxonomy", search="help") == {"Kinds"}
    assert names(session, "taxonomy_term", search="prenatal") == {"Prenatal"}


@pytest.mark.parametrize("text", ["hollow", "2217", "hidden hollow lane", "2217 hidden"])
@pytest.mark.parametrize("kind", ["organization", "service", "service_at_location"])
def test_no_word_of_a_confidential_address_finds_anything(session, kind, text):
    assert names(session, kind, search=text) == set()


def test_what_the_shelter_says_publicly_still_finds_it(session):
    assert names(session, "organization", search="quiet phone") == {"Quiet House"}
    assert names(session, "service", search="refuge") == {"Refuge"}


def test_a_term_finds_services_through_their_sites_and_organizations_through_their_services(session):
    prenatal, health = id_of("prenatal"), id_of("health")
    assert names(session, "service", taxonomy_term_id=prenatal) == {"Home visits"}
    assert names(session, "service", taxonomy_term_id=health) == {"Ride to the clinic"}
    assert sites(session, taxonomy_term_id=prenatal) == {"visits at hall"}
    assert sites(session, taxonomy_term_id=health) == {"bus at hall"}
    assert names(session, "organization", taxonomy_term_id=prenatal) == {"Harbor Clinic"}
    assert names(session, "organization", taxonomy_term_id=health) == {"Harbor Clinic"}
    assert names(session, "service", taxonomy_id=id_of("kinds")) == {"Home visits", "Ride to the clinic", "Refuge"}
    assert names(session, "service", taxonomy_id=id_of("empty")) == set()


def test_a_term_on_a_confidential_location_finds_nothing_by_it(editing):
    put(editing, "attribute", "secret tag", link_id="hideout", link_entity="location", taxonomy_term="health")
    assert "refuge at hideout" not in sites(editing, taxonomy_term_id=id_of("health"))


def test_parameters_are_cumulative(session):
    clinic = id_of("clinic")
    assert names(session, "service", organization_id=clinic) == {"Home visits", "Ride to the clinic"}
    assert names(session, "service", organization_id=clinic, search="ride") == {"Ride to the clinic"}
    assert names(session, "service", organization_id=clinic, taxonomy_term_id=id_of("shelter term")) == set()
    assert sites(session, organization_id=id_of("house"), postcode="21215") == {"refuge at hideout"}


def test_terms_are_chosen_by_taxonomy_parent_and_place_in_the_tree(session):
    assert names(session, "taxonomy_term", taxonomy_id=id_of("kinds")) == {"Health", "Prenatal", "Shelter"}
    assert names(session, "taxonomy_term", top_only=True) == {"Health", "Shelter"}
    assert names(session, "taxonomy_term", parent_id=id_of("health")) == {"Prenatal"}
    assert names(session, "taxonomy_term", parent_id=id_of("health"), top_only=True) == set()


def delete(session, service):
    rows = table("service")
    session.execute(update(rows).where(rows.c.id == id_of(service)).values(deleted_at=LATER))
    publish(session, LATER)


def test_modified_after_includes_its_own_moment(session):
    assert len(names(session, "service", modified_after=FIRST)) == 4
    assert names(session, "service", modified_after=FIRST + timedelta(microseconds=1)) == set()


def test_tombstones_come_only_when_asked_for(editing):
    delete(editing, "bus")
    assert names(editing, "service", modified_after=LATER) == set()
    selection = select_records(editing, RecordQuery("service", modified_after=LATER, tombstones=True))
    assert [json.loads(body) for body in selection.page("brief", offset=0, limit=9)] == [
        {"id": id_of("bus"), "deleted": True, "deleted_at": "2026-04-01T12:00:00.000000Z"}
    ]


def test_a_tombstone_comes_whatever_else_is_asked_but_the_organization(editing):
    delete(editing, "bus")
    asked = {"modified_after": LATER, "tombstones": True}
    assert names(editing, "service", search="refuge", **asked) == {id_of("bus")}
    assert names(editing, "service", organization_id=id_of("house"), **asked) == set()


def test_minimal_says_when_each_record_changed(session):
    [body] = select_records(session, RecordQuery("taxonomy", search="kinds")).page("minimal", offset=0, limit=9)
    assert json.loads(body) == {"id": id_of("kinds"), "last_modified": "2026-03-01T12:00:00.000000Z"}


def test_a_postcode_keeps_the_sites_whose_area_covers_it_or_that_have_none(session):
    assert sites(session, postcode="21215") == EVERY_SITE
    assert sites(session, postcode="21093") == EVERY_SITE
    assert sites(session, postcode="21061") == {"refuge at hideout", "listening anywhere", "bus at hall"}
    assert sites(session, postcode="98101") == {"listening anywhere"}


def test_an_area_that_cannot_be_read_excludes_nobody(editing):
    put(editing, "service_area", "vague", service="listening", name="Wherever the night is dark")
    assert "listening anywhere" in sites(editing, postcode="98101")


def test_the_area_of_a_site_goes_before_that_of_its_service(editing):
    put(editing, "service_area", "own", service_at_location="visits at hall", name="21215")
    assert "visits at hall" in sites(editing, postcode="21215")
    assert "visits at hall" not in sites(editing, postcode="21093")


def test_statewide_means_the_state_of_the_site(editing):
    put(editing, "service_area", "all", service_at_location="bus at hall", name="Statewide")
    assert "bus at hall" in sites(editing, postcode="21502")
    assert "bus at hall" not in sites(editing, postcode="98101")


def test_proximity_is_measured_from_the_centroid_of_the_postcode(session):
    assert sites(session, postcode="21215", proximity_m=3_000) == {"visits at hall", "bus at hall"}
    assert sites(session, postcode="21215", proximity_m=100) == set()
    # The area must cover the postcode as well.
    assert sites(session, postcode="21061", proximity_m=100_000) == {"bus at hall"}


@pytest.mark.parametrize("metres", [0, 1_000, 50_000, 99_999_999])
def test_no_proximity_finds_a_confidential_site(session, metres):
    assert "refuge at hideout" not in sites(session, postcode="21215", proximity_m=metres)


def test_a_confidential_site_without_a_wide_area_is_found_by_no_postcode(editing):
    area = table("service_area")
    editing.execute(update(area).where(area.c.id == id_of("maryland")).values(name="21215", extent_type="zip"))
    for postcode in ("21215", "21216", "98101"):
        assert "refuge at hideout" not in sites(editing, postcode=postcode)


@pytest.mark.parametrize("postcode", ["00000", "2121", "abc", ""])
def test_an_unknown_postcode_is_refused_with_what_would_be_right(session, postcode):
    with pytest.raises(BadQuery) as caught:
        select_records(session, RecordQuery("service_at_location", postcode=postcode))
    assert caught.value.field == "postcode"
    assert "21215" in caught.value.hint


def test_a_proximity_without_a_postcode_is_refused(session):
    with pytest.raises(BadQuery) as caught:
        select_records(session, RecordQuery("service_at_location", proximity_m=5))
    assert caught.value.field == "proximity"


def test_full_services_are_put_into_an_organization(session):
    bodies = select_records(session, RecordQuery("organization", search="harbor clinic")).page(
        "brief", offset=0, limit=9
    )
    [organization] = [json.loads(body) for body in with_full_services(session, bodies)]
    assert {s["id"] for s in organization["services"]} == {id_of("visits"), id_of("bus")}
    assert organization["services"][0] == json.loads(
        get_record(session, "service", organization["services"][0]["id"]).json
    )
