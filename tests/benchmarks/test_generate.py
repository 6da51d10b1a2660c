import csv
from collections import Counter
from pathlib import Path

import orjson
import pytest

from benchmarks.gazetteer import METRO_SHARE, METROS, metros
from benchmarks.generate import AS_OF, generate_services
from benchmarks.index_database import _generate
from benchmarks.package import COLUMNS, write_package
from benchmarks.questions import ask_questions
from resource_api.needs import vocabulary

SERVICES = 600


@pytest.fixture(scope="module")
def services() -> list[dict]:
    return list(generate_services(SERVICES))


def test_the_same_services_come_every_time(services: list[dict]) -> None:
    assert orjson.dumps(services) == orjson.dumps(list(generate_services(SERVICES)))


def test_a_smaller_country_is_the_beginning_of_a_larger_one(services: list[dict]) -> None:
    assert list(generate_services(50)) == services[:50]


def test_no_two_records_share_an_id(services: list[dict]) -> None:
    ids = [service["id"] for service in services]
    ids += [site["id"] for service in services for site in service["service_at_locations"]]
    assert len(ids) == len(set(ids))


def test_most_services_are_in_the_metros(services: list[dict]) -> None:
    in_metros = {zip5 for metro in metros() for zip5 in metro.zips}
    addresses = [
        address["postal_code"]
        for service in services
        for site in service["service_at_locations"][:1]
        for address in site["location"].get("addresses", ())
    ]
    share = sum(zip5 in in_metros for zip5 in addresses) / len(addresses)
    assert len(metros()) == METROS
    # Some of those that may be anywhere are in a metro too.
    assert METRO_SHARE - 0.08 < share < METRO_SHARE + 0.20


@pytest.mark.parametrize(
    ("name", "share"),
    [("schedules", 0.60), ("languages", 0.45), ("service_areas", 0.30), ("minimum_age", 0.25), ("assured_date", 0.80)],
)
def test_what_services_say_keeps_to_the_stated_shares(services: list[dict], name: str, share: float) -> None:
    assert sum(name in service for service in services) / SERVICES == pytest.approx(share, abs=0.07)


def test_every_term_names_a_need(services: list[dict]) -> None:
    names = {a["taxonomy_term"]["name"].casefold() for service in services for a in service["attributes"]}
    assert names <= set(vocabulary().by_term)


def test_a_service_becomes_a_document_with_its_needs_and_a_card() -> None:
    built = _generate(0)
    document, card = built[0]
    assert orjson.loads(card)["service_id"] == document.service_id
    assert document.needs
    assert document.sites


def test_a_package_holds_every_row_under_the_names_of_hsds(tmp_path: Path, services: list[dict]) -> None:
    folder = write_package(tmp_path / "package", 100)
    rows = {name: list(csv.DictReader((folder / f"{name}.csv").read_text("utf-8").splitlines())) for name in COLUMNS}
    assert [row["id"] for row in rows["services"]] == [service["id"] for service in services[:100]]
    sites = Counter(row["service_id"] for row in rows["service_at_locations"])
    assert all(sites[service["id"]] == len(service["service_at_locations"]) for service in services[:100])
    organizations = {row["id"] for row in rows["organizations"]}
    assert {row["organization_id"] for row in rows["services"]} == organizations
    locations = {row["id"] for row in rows["locations"]}
    assert {row["location_id"] for row in rows["addresses"]} <= locations
    package = orjson.loads((folder / "datapackage.json").read_bytes())
    assert package["version"] == AS_OF.isoformat()
    assert {resource["path"] for resource in package["resources"]} == {f"{name}.csv" for name in COLUMNS}


def test_no_question_is_asked_twice_and_the_same_ones_come_every_time() -> None:
    questions = ask_questions(400)
    assert len({question.path for question in questions}) == 400
    assert questions == ask_questions(400)


def test_questions_keep_to_the_stated_shares() -> None:
    questions = ask_questions(400)
    kinds = Counter(question.kind for question in questions)
    text = kinds["phrase"] + kinds["words"]
    assert text / 400 == pytest.approx(0.60, abs=0.06)
    assert kinds["need"] / 400 == pytest.approx(0.25, abs=0.06)
    for name, share in (("near", 0.75), ("open_at", 0.15), ("age", 0.10), ("facets", 0.25)):
        assert sum(question.get(name) is not None for question in questions) / 400 == pytest.approx(share, abs=0.06)


def test_a_question_is_asked_alike_over_http_and_in_process() -> None:
    for question in ask_questions(50):
        request = question.request()
        assert (request.q or None, request.near) == (question.get("q"), question.get("near"))
        assert request.facets == tuple(value for name, value in question.params if name == "facets")
