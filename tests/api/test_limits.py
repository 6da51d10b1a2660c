from io import BytesIO

import orjson
import pytest
from flask.testing import FlaskClient

from resource_api.api.limits import MAX_BODY, MAX_DEPTH, MAX_QUERY

JSON = "application/json"


def test_an_unknown_parameter_is_refused_and_the_nearest_known_one_named(empty: FlaskClient) -> None:
    answer = empty.get("/search?zzz=5&organisation_id=1")
    assert answer.status_code == 422
    hints = {error["field"]: error["hint"] for error in answer.json["errors"]}
    assert hints["organisation_id"] == "did you mean `organization_id`?"
    assert hints["zzz"].startswith("known here: accepts_referrals, ")


def test_what_resembles_nothing_is_told_everything_that_is_known(empty: FlaskClient) -> None:
    (error,) = empty.get("/?zzz=1").json["errors"]
    assert error["hint"] == "known here: lang"


def test_an_operation_without_parameters_refuses_any(empty: FlaskClient) -> None:
    assert empty.get("/livez?verbose=1").status_code == 422
    assert empty.get("/livez?lang=es").status_code == 200


def test_a_parameter_that_takes_one_value_is_refused_twice(empty: FlaskClient) -> None:
    answer = empty.get("/search?q=food&q=rent")
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["field"] == "q"
    assert "once" in error["hint"]


@pytest.mark.parametrize("value", ["0", "1e3", " 1", "1_0", "", "-1", "1.0", "٣", "99999999999999999999", "true"])
def test_a_page_that_is_no_number_within_bounds_is_refused(empty: FlaskClient, value: str) -> None:
    answer = empty.get("/search", query_string={"page": value})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == ["page"]


@pytest.mark.parametrize("value", ["101", "0"])
def test_a_page_has_at_most_a_hundred_entries(empty: FlaskClient, value: str) -> None:
    (error,) = empty.get(f"/search?per_page={value}").json["errors"]
    assert error["detail"] == "is not between 1 and 100"


@pytest.mark.parametrize("value", ["yes", "1", "True", ""])
def test_a_flag_is_true_or_false(empty: FlaskClient, value: str) -> None:
    assert empty.get("/search", query_string={"free": value}).status_code == 422


@pytest.mark.parametrize("value", ["nan", "inf", "1_0", "0x1", ""])
def test_an_age_is_a_number(empty: FlaskClient, value: str) -> None:
    assert empty.get("/search", query_string={"age": value}).status_code == 422


@pytest.mark.parametrize("body", [{"page": "1"}, {"page": True}, {"age": "3"}, {"free": "true"}, {"q": 5}, {"q": None}])
def test_a_body_is_taken_by_its_types_and_not_by_how_they_look(empty: FlaskClient, body: object) -> None:
    answer = empty.post("/search", data=orjson.dumps(body), content_type=JSON)
    assert answer.status_code == 422


@pytest.mark.parametrize("name", ["q", "near", "need"])
def test_control_characters_are_refused_before_any_database_sees_them(empty: FlaskClient, name: str) -> None:
    answer = empty.get("/search", query_string={name: "a\x00b"})
    assert answer.status_code == 422
    assert "control" in answer.json["detail"]
    assert empty.get("/services/a%00b").status_code == 404


def test_a_text_has_a_limit(empty: FlaskClient) -> None:
    assert empty.get("/search", query_string={"near": "x" * 101}).status_code == 422


def test_a_long_query_string_is_refused_with_its_limit(empty: FlaskClient) -> None:
    answer = empty.get("/search?q=" + "x" * MAX_QUERY)
    assert answer.status_code == 414
    assert str(MAX_QUERY) in answer.json["detail"]


def test_a_body_over_one_mebibyte_is_refused_unread(empty: FlaskClient) -> None:
    body = b'{"q":"' + b"x" * MAX_BODY + b'"}'
    answer = empty.post("/search", data=body, content_type=JSON)
    assert answer.status_code == 413
    assert answer.json["type"].endswith("/problems/content-too-large")


def test_a_body_of_no_stated_length_has_the_same_limit(empty: FlaskClient) -> None:
    answer = empty.post(
        "/search",
        input_stream=BytesIO(b'{"q":"' + b"x" * MAX_BODY + b'"}'),
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
        content_type=JSON,
    )
    assert answer.status_code == 413


def test_a_whole_number_may_be_written_as_json_schema_lets_it(directory: FlaskClient) -> None:
    answer = directory.post("/search", data=b'{"page": 1.0, "age": 3}', content_type=JSON)
    assert answer.status_code == 200
    assert answer.json["page_number"] == 1


@pytest.mark.parametrize(("depth", "status"), [(MAX_DEPTH - 1, 422), (MAX_DEPTH, 413), (5000, 413)])
def test_json_nested_beyond_32_is_refused(empty: FlaskClient, depth: int, status: int) -> None:
    body = b'{"q":' + b"[" * depth + b"]" * depth + b"}"
    answer = empty.post("/search", data=body, content_type=JSON)
    assert answer.status_code == status


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", None])
def test_a_body_of_another_type_is_told_the_right_one(empty: FlaskClient, content_type: str | None) -> None:
    answer = empty.post("/search", data=b'{"q":"food"}', content_type=content_type)
    assert answer.status_code == 415
    assert answer.headers["Accept-Post"] == JSON
    assert JSON in answer.json["detail"]


def test_an_unknown_field_of_a_body_is_named_with_its_neighbour(empty: FlaskClient) -> None:
    answer = empty.post("/search", data=b'{"nead": ["food"]}', content_type=JSON)
    assert answer.json["errors"] == [{"field": "nead", "detail": "is not known here", "hint": "did you mean `need`?"}]
