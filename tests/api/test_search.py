"""GET|POST /search and /search/suggest over HTTP."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_api import create_app
from resource_api.database import Database
from resource_api.directory.tables import Source
from resource_api.needs import vocabulary
from resource_api.search.query import FACETS
from resource_api.settings import Settings
from resource_api.wiring import attach_index
from tests.api.conftest import close
from tests.databases import Kind, make_tables, url_of
from tests.search.services import (
    FAR_AWAY,
    HOME,
    JSON,
    ONE_MILE_NORTH,
    WEEKDAYS_NINE_TO_FIVE,
    add_towns,
    make_service,
    make_site,
    put,
    uuid,
)

TOWSON = (39.4015, -76.6019)


def address(city: str, postal_code: str) -> list[JSON]:
    return [{"address_1": "1 Main St", "city": city, "state_province": "MD", "postal_code": postal_code}]


SERVICES = [
    make_service(
        "Park Heights Pantry",
        sites=[make_site(HOME, addresses=address("Baltimore", "21215"), schedules=[WEEKDAYS_NINE_TO_FIVE])],
        languages=[{"id": uuid("es"), "code": "es", "name": "Spanish"}],
        phones=[{"number": "410-555-0100"}],
        fees_description="Free",
        description="A food pantry with groceries for every family.",
    ),
    make_service("Towson Table", sites=[make_site(TOWSON, addresses=address("Towson", "21204"))]),
    make_service("Chicago Pantry", at=FAR_AWAY),
    make_service("Crib Closet", at=ONE_MILE_NORTH, needs={"crib": "term"}, maximum_age_months=36),
    make_service("Food and Cribs", at=ONE_MILE_NORTH, needs={"crib": "term", "food-pantry": "term"}),
    make_service("Night Line", sites=[make_site(None, location_type="virtual")], needs={"crisis": "term"}),
    make_service("Pottery for all", at=ONE_MILE_NORTH, needs={}, description="Clay and kilns."),
    make_service("Teen Kitchen", at=ONE_MILE_NORTH, needs={"mentoring": "term"}, life_stages=["teen"]),
]


@pytest.fixture(scope="module")
def client(database_kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    url = url_of(database_kind.new(tmp_path_factory.mktemp("search") / "search"))
    database = Database(url)
    make_tables(database)
    index: Any = attach_index(database)
    with database.write() as session:
        session.add(Source(name="test", licence="CC0-1.0"))
        put(session, index, *SERVICES)
        add_towns(session)
        session.commit()
    database.close()
    app = create_app(Settings(database_url=url, log_level="ERROR"))
    yield app.test_client()
    close(app)


def ask(client: FlaskClient, query: str = "", **headers: str) -> JSON:
    answer = client.get(f"/search?{query}", headers=headers)
    assert answer.status_code == 200, answer.json
    assert answer.mimetype == "application/json"
    body: JSON = answer.json
    return body


def names(client: FlaskClient, query: str) -> list[str]:
    return [hit["service_name"] for hit in ask(client, query)["contents"]]


def refusal(client: FlaskClient, query: str) -> JSON:
    answer = client.get(f"/search?{query}")
    assert answer.status_code == 422, answer.json
    assert answer.mimetype == "application/problem+json"
    body: JSON = answer.json
    return body


# --- what is found -----------------------------------------------------------------------------------------------


def test_food_near_a_zip_is_answered_the_nearest_first(client: FlaskClient) -> None:
    body = ask(client, "need=food&near=21215&sort=distance")
    hits = body["contents"]
    assert [hit["service_name"] for hit in hits][:1] == ["Park Heights Pantry"]
    distances = [hit["distance_m"] for hit in hits]
    assert distances == sorted(distances)
    assert "Chicago Pantry" not in {hit["service_name"] for hit in hits}
    assert body["searched"]["place"]["label"] == "21215"
    assert body["searched"]["place"]["within_m"] == 40234
    assert body["searched"]["needs"] == [{"need": "food", "label": vocabulary().needs["food"].en}]
    assert body["sources"] == [{"name": "test", "licence": "CC0-1.0"}]
    assert body["relax"] == []


def test_a_whole_sentence_is_understood_by_its_need(client: FlaskClient) -> None:
    body = ask(client, "q=my+baby+has+no+crib")
    assert [hit["service_name"] for hit in body["contents"]] == ["Crib Closet", "Food and Cribs"]
    assert body["searched"]["needs"][0]["need"] == "crib"
    assert "crib" in body["searched"]["words"]


@pytest.mark.parametrize("q", ["food 21204", "food in Towson", "food near Towson, MD?", "comida cerca de Towson"])
def test_a_question_may_name_its_place(client: FlaskClient, q: str) -> None:
    body = ask(client, f"q={quote(q)}&within=2mi")
    assert [hit["service_name"] for hit in body["contents"]] == ["Towson Table"]


def test_repeated_needs_must_all_be_answered(client: FlaskClient) -> None:
    assert names(client, "need=food&need=crib") == ["Food and Cribs"]


def test_what_nothing_answers_gets_no_hits(client: FlaskClient) -> None:
    body = ask(client, "q=ski+lessons")
    assert (body["total_items"], body["empty"], body["contents"], body["relax"]) == (0, True, [], [])


@pytest.mark.parametrize(
    "code", ["Z59.41", "icd10|Z59.41", "Z59.4", "loinc|88122-7", "sdohcc|food-insecurity", "88122-7"]
)
def test_a_clinical_code_finds_what_answers_its_need(client: FlaskClient, code: str) -> None:
    assert "Park Heights Pantry" in names(client, f"code={quote(code)}")


def test_a_misspelt_word_is_repaired_and_the_answer_says_so(client: FlaskClient) -> None:
    body = ask(client, "q=potery")
    assert [hit["service_name"] for hit in body["contents"]] == ["Pottery for all"]
    assert body["searched"]["instead_of"] == {"pottery": "potery"}
    assert "instead_of" not in ask(client, "q=pottery")["searched"]


def test_filters_exclude_only_what_is_certainly_excluded(client: FlaskClient) -> None:
    body = ask(client, "need=food&near=21215&language=es&free=true")
    assert body["contents"][0]["service_name"] == "Park Heights Pantry"
    assert body["contents"][0]["why"]["notes"] == []
    assert any("languages not listed" in note for note in body["contents"][1]["why"]["notes"])
    assert "Teen Kitchen" not in names(client, "life_stage=pregnant")


def test_hours_are_asked_of_a_time_with_a_zone(client: FlaskClient) -> None:
    tuesday, sunday = "2026-11-24T12:00:00-05:00", "2026-11-29T12:00:00-05:00"
    assert names(client, f"need=food-pantry&near=21215&open_at={tuesday}")[0] == "Park Heights Pantry"
    assert "Park Heights Pantry" not in names(client, f"need=food-pantry&near=21215&open_at={sunday}")
    body = ask(client, f"need=food-pantry&near=21215&open_at={quote(tuesday)}")
    assert body["contents"][0]["open"] == {
        "state": "open",
        "today": [["09:00", "17:00"]],
        "until": "2026-11-24T17:00:00-05:00",
    }
    assert client.get("/search?open_at=now").headers["Cache-Control"] == "public, max-age=0"


def test_facets_have_values_labels_and_counts(client: FlaskClient) -> None:
    body = ask(client, "need=food&facets=" + "&facets=".join(FACETS))
    assert set(body["facets"]) == set(FACETS)
    assert {"value": "es", "label": "Spanish", "count": 1} in body["facets"]["language"]
    assert {"value": "Towson", "label": "Towson", "count": 1} in body["facets"]["city"]
    assert ask(client)["facets"] == {}


# --- the envelope ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("per_page", [1, 3, 8, 100])
def test_pages_join_and_the_envelope_agrees_with_itself(client: FlaskClient, per_page: int) -> None:
    total = ask(client)["total_items"]
    assert total == len(SERVICES)
    seen = []
    pages = -(-total // per_page)
    for number in range(1, pages + 1):
        body = ask(client, f"page={number}&per_page={per_page}")
        assert body["total_items"] == total
        assert body["total_pages"] == pages
        assert body["page_number"] == number
        assert body["size"] == len(body["contents"]) == min(per_page, total - len(seen))
        assert body["first_page"] is (number == 1)
        assert body["last_page"] is (number == pages)
        assert body["empty"] is False
        seen += [hit["service_id"] for hit in body["contents"]]
    assert len(set(seen)) == total


def test_a_page_beyond_the_end_is_empty_and_says_how_many_there_are(client: FlaskClient) -> None:
    body = ask(client, "page=1000")
    assert (body["contents"], body["empty"], body["size"], body["last_page"]) == ([], True, 0, True)
    assert body["total_items"] == len(SERVICES)
    assert body["relax"] == []


def test_a_short_card_is_at_most_400_bytes(client: FlaskClient) -> None:
    body = ask(client, "near=21215&card=short")
    assert body["contents"]
    for hit in body["contents"]:
        assert len(orjson.dumps(hit)) <= 400
        assert {"service_id", "service_name", "open", "reached_by"} <= set(hit)
        assert "why" not in hit


# --- languages, caching, other origins ---------------------------------------------------------------------------


def test_labels_and_notes_are_in_the_language_asked_for(client: FlaskClient) -> None:
    spanish = vocabulary().needs["food-pantry"].es
    for body in (
        ask(client, "need=food-pantry&lang=es"),
        ask(client, "need=food-pantry", **{"Accept-Language": "es-MX,es;q=0.9"}),
        client.post("/search", json={"need": ["food-pantry"], "lang": "es"}).json,
    ):
        assert body is not None
        assert body["searched"]["needs"][0]["label"] == spanish
        (note,) = {hit["open"]["note"] for hit in body["contents"] if "note" in hit["open"]}
        assert "llame" in note
    assert "Accept-Language" in client.get("/search").headers["Vary"]


def test_a_client_that_has_the_answer_is_not_sent_it_again(client: FlaskClient) -> None:
    first = client.get("/search?need=crib")
    assert first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, max-age=60"
    again = client.get("/search?need=crib", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get("/search?need=food", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_any_web_page_may_ask_without_credentials(client: FlaskClient) -> None:
    answer = client.get("/search", headers={"Origin": "https://example.org"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    preflight = client.options(
        "/search",
        headers={
            "Origin": "https://example.org",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "Content-Type",
        },
    )
    assert preflight.status_code == 200
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    refused = client.get("/search?nope=1", headers={"Origin": "https://example.org"})
    assert refused.headers["Access-Control-Allow-Origin"] == "*"


# --- POST --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("need=food&near=21215", {"need": ["food"], "near": "21215"}),
        ("q=crib&page=2&per_page=1", {"q": "crib", "page": 2, "per_page": 1}),
        ("free=true&age=2.5&facets=city&facets=need", {"free": True, "age": 2.5, "facets": ["city", "need"]}),
        ("updated_after=2020-01-01&sort=updated", {"updated_after": "2020-01-01", "sort": "updated"}),
        ("", {}),
    ],
)
def test_a_post_answers_as_the_get_does(client: FlaskClient, query: str, body: JSON) -> None:
    posted = client.post("/search", json=body)
    assert posted.status_code == 200
    assert posted.json == ask(client, query)
    assert posted.headers["Cache-Control"] == "public, max-age=0"


def test_a_post_offers_relaxations_without_a_url(client: FlaskClient) -> None:
    body = client.post("/search", json={"need": ["crib"], "near": "Chicago", "free": True}).json
    assert body is not None
    assert [(each["drop"], "href" in each) for each in body["relax"]] == [("near", False)]


def test_a_field_that_is_not_known_is_refused(client: FlaskClient) -> None:
    answer = client.post("/search", json={"nearr": "21215"})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"] == [{"field": "nearr", "detail": "is not known here", "hint": "did you mean `near`?"}]


@pytest.mark.parametrize("mimetype", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_refused(client: FlaskClient, mimetype: str) -> None:
    answer = client.post("/search", data=b"{}", content_type=mimetype)
    assert answer.status_code == 415
    assert answer.headers["Accept-Post"] == "application/json"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"need": "food"}', b'{"page": "1"}', b'{"q": "\\ud800"}', b"null"])
def test_a_body_that_is_wrong_is_refused(client: FlaskClient, body: bytes) -> None:
    assert client.post("/search", data=body, content_type="application/json").status_code in (400, 422)


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field", "hint"),
    [
        ("nearr=21215", "nearr", "near"),
        ("needs=food", "needs", "need"),
        ("perpage=5", "perpage", "per_page"),
        ("zzzzzz=1", "zzzzzz", "near"),
        ("per_page=101", "per_page", ""),
        ("per_page=0", "per_page", ""),
        ("page=1001", "page", ""),
        ("facets=colour", "facets", ""),
        ("sort=random", "sort", ""),
        ("sort=distance&q=food", "sort", "near"),
        ("within=5mi", "within", "near"),
        ("near=21215&within=far", "within", "10mi"),
        ("open_at=2026-11-24T12:00:00", "open_at", "2026"),
        ("open_at=0001-01-01T00:00:00%2B14:00", "open_at", "2026"),
        ("need=fod", "need", "/needs"),
        ("code=snomed|1", "code", "icd10"),
        ("code=A00", "code", "Z59.41"),
        ("life_stage=old", "life_stage", ""),
        ("language=english!", "language", ""),
        ("age=1&age_months=12", "age", ""),
        ("free=yes", "free", ""),
        ("q=a&q=b", "q", "once"),
        ("near=00000", "near", ""),
        ("near=%00", "near", ""),
    ],
)
def test_a_wrong_parameter_is_named_with_what_would_be_right(
    client: FlaskClient, query: str, field: str, hint: str
) -> None:
    (error,) = refusal(client, query)["errors"]
    assert error["field"].split(".")[0].split("[")[0] == field
    assert error["detail"]
    assert hint in error.get("hint", "")


@pytest.mark.parametrize(
    ("near", "suggestions"),
    [("Towsen", ["Towson, MD"]), ("Maryland", ["Baltimore, MD", "Towson, MD"]), ("Baltimor, MD", ["Baltimore, MD"])],
)
def test_an_unknown_place_is_refused_with_suggestions(client: FlaskClient, near: str, suggestions: list[str]) -> None:
    problem = refusal(client, f"near={quote(near)}")
    assert problem["type"].endswith("/problems/unknown-place")
    assert problem["suggestions"] == suggestions
    for each in suggestions:
        ask(client, f"near={quote(each)}")


# --- relaxations -------------------------------------------------------------------------------------------------


EMPTIED = [
    ("need=crib&age=5&organization_id=" + uuid("An Organization") + "&life_stage=teen&remote=true", ["remote"]),
    ("need=crib&near=Chicago", ["near"]),
    ("need=crib&near=Chicago&sort=distance", ["near"]),
    ("q=crib+in+Chicago", ["q"]),
    ("q=crib+in+Chicago&sort=distance&page=2", ["q"]),
    ("need=mentoring&life_stage=pregnant", ["life_stage"]),
    ("need=crib&organization_id=nobody&taxonomy_term_id=nothing", []),
    ("need=food-pantry&near=39.5,-76.6&within=1mi", ["within", "near"]),
    ("q=purple+crib", ["q"]),
    ("q=purple+crib+in+Towson", ["q"]),
    ("need=crib&q=pottery", ["need", "q"]),
    ("need=crib&q=pottery+in+Towson", ["need", "q"]),
    ("need=crib&q=potery&facets=need&card=short&per_page=1", ["need", "q"]),
    ("code=Z59.41&need=crisis", ["need"]),
    ("need=crib&remote=true", ["remote"]),
    ("need=crisis&remote=false&lang=es", ["remote"]),
    ("need=crib&updated_after=2030-01-01", ["updated_after"]),
    ("need=crib&organization_id=nobody", ["organization_id"]),
    ("need=crib&taxonomy_term_id=nothing", ["taxonomy_term_id"]),
    ("need=crib&age_months=1200&organization_id=nobody", ["organization_id"]),
    ("need=car-seat", []),
    ("q=xylophone", []),
]


@pytest.mark.parametrize(("query", "dropped"), EMPTIED)
def test_each_relaxation_leads_to_as_many_as_it_promises(client: FlaskClient, query: str, dropped: list[str]) -> None:
    body = ask(client, query)
    assert body["total_items"] == 0
    assert [each["drop"] for each in body["relax"]] == dropped
    for each in body["relax"]:
        answer = client.get(each["href"])
        assert answer.status_code == 200, (each, answer.json)
        assert answer.json is not None
        assert answer.json["total_items"] == each["total"] > 0, each


# --- suggestions -------------------------------------------------------------------------------------------------


def test_suggestions_say_what_to_search_for(client: FlaskClient) -> None:
    found = client.get("/search/suggest?q=potte").json
    assert found == {"suggestions": [{"kind": "service", "value": uuid("Pottery for all"), "label": "Pottery for all"}]}
    spanish = client.get("/search/suggest?q=diaper&lang=es&limit=1").json
    assert spanish is not None
    assert spanish["suggestions"] == [{"kind": "need", "value": "diapers", "label": vocabulary().needs["diapers"].es}]
    assert client.get("/search/suggest").status_code == 422
    assert client.get("/search/suggest?q=a&limit=21").status_code == 422


# --- any character -----------------------------------------------------------------------------------------------

LINES = st.text(max_size=60)
ODD = st.sampled_from(
    ['"', "'", "NEAR(a b)", "a AND b", "title:x", "*", "^x", "{a}", "a-b", "-x", "(", "%", "_", "\\", "é" * 50, "'; --"]
)


@settings(max_examples=60, deadline=None)
@given(
    q=LINES | ODD,
    other=st.sampled_from(
        ["near", "within", "need", "code", "open_at", "language", "accessibility", "organization_id"]
    ),
    value=LINES | ODD,
)
def test_no_character_is_a_fault_in_a_get(client: FlaskClient, q: str, other: str, value: str) -> None:
    for args in ({"q": q}, {"q": q, other: value}):
        answer = client.get("/search", query_string=args)
        assert answer.status_code in (200, 422), (args, answer.json)


@settings(max_examples=60, deadline=None)
@given(
    body=st.fixed_dictionaries(
        {"q": LINES | ODD},
        optional={
            "near": LINES,
            "within": LINES | st.just("5mi"),
            "need": st.lists(LINES, max_size=2),
            "code": st.lists(LINES, max_size=2),
            "taxonomy_term_id": LINES | ODD,
            "organization_id": LINES | ODD,
            "accessibility": LINES | ODD,
            "open_at": LINES | st.datetimes().map(lambda d: f"{d.isoformat()}+14:00"),
        },
    )
)
def test_no_character_is_a_fault_in_a_post(client: FlaskClient, body: JSON) -> None:
    answer = client.post("/search", data=orjson.dumps(body), content_type="application/json")
    assert answer.status_code in (200, 422), (body, answer.json)


@settings(max_examples=40, deadline=None)
@given(q=LINES | ODD)
def test_no_character_is_a_fault_in_a_suggestion(client: FlaskClient, q: str) -> None:
    assert client.get("/search/suggest", query_string={"q": q}).status_code in (200, 422)


@pytest.mark.parametrize("raw", ["%ff%fe", "%00", "%ed%a0%80", "+", "%F0%9F%8D%BC", "a%0Ab"])
def test_bytes_that_are_no_text_are_no_fault(client: FlaskClient, raw: str) -> None:
    assert client.get(f"/search?q={raw}").status_code in (200, 422)
    assert client.get(f"/search?organization_id={raw}&taxonomy_term_id={raw}").status_code in (200, 422)
