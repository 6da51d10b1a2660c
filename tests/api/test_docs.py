import re

import pytest
from flask.testing import FlaskClient


def test_the_page_has_no_inline_script_or_style_and_asks_nobody_else(empty: FlaskClient) -> None:
    page = empty.get("/docs")
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|\bstyle=", page.text)
    assert "//" not in page.text.replace("<!doctype", "")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy


def test_everything_that_the_page_loads_is_there(empty: FlaskClient) -> None:
    loaded = re.findall(r'(?:src|href)="([^"]+)"', empty.get("/docs").text)
    assert "docs/swagger-ui-bundle.js" in loaded
    for path in loaded:
        with empty.get(f"/{path}") as answer:
            assert answer.status_code == 200, path
            assert len(answer.data) > 50


def test_the_script_shows_our_own_definition_and_no_outside_validator(empty: FlaskClient) -> None:
    script = empty.get("/docs/start.js")
    assert script.mimetype == "text/javascript"
    assert '"openapi.json"' in script.text
    assert "validatorUrl: null" in script.text


@pytest.mark.parametrize("file", ["swagger-ui.js", "index.html", "..%2f__init__.py", "../flask_swagger_ui.py"])
def test_no_other_file_can_be_had(empty: FlaskClient, file: str) -> None:
    assert empty.get(f"/docs/{file}").status_code == 404
