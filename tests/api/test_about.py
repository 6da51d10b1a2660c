from flask.testing import FlaskClient

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_the_root_says_what_hsds_wants_to_know(empty: FlaskClient) -> None:
    answer = empty.get("/")
    assert answer.json == {
        "version": "3.2",
        "profile": "http://127.0.0.1:8000/profile",
        "openapi_url": "http://127.0.0.1:8000/openapi.json",
        "description": answer.json["description"],
        "publisher": {"name": "Community Resource Directory"},
    }
    assert "Accept" in answer.headers["Vary"].split(", ")


def test_what_the_root_points_to_is_there(empty: FlaskClient) -> None:
    about = empty.get("/").json
    for name in ("profile", "openapi_url"):
        assert empty.get(about[name].removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_a_browser_is_shown_the_documentation(empty: FlaskClient) -> None:
    answer = empty.get("/", headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/docs")
    assert "Accept" in answer.headers["Vary"].split(", ")
    for accept in ("*/*", "application/json", "application/json, text/html;q=0.5"):
        assert empty.get("/", headers={"Accept": accept}).status_code == 200
