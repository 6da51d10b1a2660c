"""GET /needs over HTTP."""

import pytest
from flask.testing import FlaskClient

from resource_api.needs import needs_for_code, vocabulary


def test_every_need_is_listed_with_its_codes(directory: FlaskClient) -> None:
    body = directory.get("/needs").json
    assert body is not None
    listed = {need["slug"]: need for need in body["needs"]}
    assert list(listed) == list(vocabulary().needs)
    diapers = vocabulary().needs["diapers"]
    assert listed["diapers"]["label"] == listed["diapers"]["en"] == diapers.en
    assert listed["diapers"]["es"] == diapers.es
    assert listed["diapers"]["parent"] == "baby-supplies"
    assert listed["diapers"]["icd10"] == list(diapers.icd10)
    assert "parent" not in listed["food"]
    assert listed["domestic-violence"]["sensitive"] is True
    assert "sensitive" not in listed["food"]


def test_a_code_lists_the_needs_that_it_expresses(directory: FlaskClient) -> None:
    body = directory.get("/needs?code=Z59.41").json
    assert body is not None
    assert [need["slug"] for need in body["needs"]] == [slug for slug, _ in needs_for_code("Z59.41")]


@pytest.mark.parametrize("code", ["nothing", "snomed|1", "icd10|"])
def test_a_code_that_expresses_no_need_is_refused(directory: FlaskClient, code: str) -> None:
    answer = directory.get("/needs", query_string={"code": code})
    assert answer.status_code == 422
    assert answer.json is not None
    (error,) = answer.json["errors"]
    assert error["field"] == "code"
    assert error["hint"]


def test_labels_are_in_the_readers_language(directory: FlaskClient) -> None:
    spanish = vocabulary().needs["food"].es
    asked = directory.get("/needs?lang=es").json
    preferred = directory.get("/needs", headers={"Accept-Language": "es"})
    assert asked is not None
    assert asked == preferred.json
    assert asked["needs"][0]["label"] == spanish
    assert "Accept-Language" in preferred.headers["Vary"]


def test_a_client_that_has_the_needs_is_not_sent_them_again(directory: FlaskClient) -> None:
    first = directory.get("/needs")
    assert directory.get("/needs", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_an_unknown_parameter_is_refused(directory: FlaskClient) -> None:
    assert directory.get("/needs?kode=Z59.41").status_code == 422
