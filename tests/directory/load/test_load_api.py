"""A live HSDS API, page by page; and files that are fetched."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from resource_api.directory.load.fetch import Missing, client_for
from resource_api.directory.load.open_input import Named, open_input
from resource_api.errors import LoadError
from tests.directory.load.loading import load_place, row_of, rows_of, service_documents
from tests.directory.load.test_load_json import id_of, nested, organization, service


class Server:
    """An HSDS API that answers from a dict of path to body, or to a function of the query."""

    def __init__(self):
        self.answers = {}
        self.asked = Counter()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                url = urlsplit(self.path)
                server.asked[url.path] += 1
                answer = server.answers.get(url.path, (404, {}, b""))
                if callable(answer):
                    answer = answer({k: v[0] for k, v in parse_qs(url.query).items()})
                status, headers, body = answer if isinstance(answer, tuple) else (200, {}, json.dumps(answer).encode())
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def serve_pages(self, path, records, per_page=2):
        def answer(query):
            number = int(query["page"])
            last = (len(records) + per_page - 1) // per_page
            return {
                "contents": records[(number - 1) * per_page : number * per_page], "total_pages": last,
                "last_page": number == last, "empty": False,
            }  # fmt: skip

        self.answers[path] = answer

    def close(self):
        self.http.shutdown()
        self.thread.join(timeout=5)
        self.http.server_close()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


def test_every_page_of_an_api_is_followed(database, server):
    server.answers["/"] = {"version": "3.2", "publisher": {"name": "County 211"}}
    server.serve_pages("/services", [service(id=id_of(100 + i), name=f"S {i}", phones=[]) for i in range(5)])
    server.serve_pages("/organizations", [organization(), organization(id=id_of(50), name="Without services")])
    report = load_place(database, server.url, named=Named())
    assert report.refused == 0
    assert server.asked["/services"] == 3
    assert {d["name"] for d in service_documents(database)} == {f"S {i}" for i in range(5)}
    assert service_documents(database)[0]["source"]["name"] == "County 211"
    assert len(rows_of(database, "organization")) == 2
    assert load_place(database, f"{server.url}/services", named=Named()).written == 0


def test_services_that_are_listed_in_brief_are_asked_for_one_by_one(database, server):
    brief = [
        {"id": id_of(2), "name": "Pantry", "status": "active"},
        {"id": id_of(3), "name": "Gone", "status": "active"},
    ]
    server.serve_pages("/services", brief)
    server.answers[f"/services/{id_of(2)}"] = nested()
    load_place(database, server.url)
    assert server.asked[f"/services/{id_of(2)}"] == 1
    assert row_of(database, "service")["name"] == "Pantry"
    assert row_of(database, "phone")["number"] == "(410) 555-1234"


def test_an_api_that_stumbles_is_asked_again_and_one_that_lies_down_is_given_up(server):
    times = []
    answers = iter([(503, {"Retry-After": "7"}, b""), (500, {}, b""), (200, {}, b'{"a": 1}')])
    server.answers["/x"] = lambda query: next(answers)
    client = client_for(server.url)
    patient = type(client)(client.host, client.opener, times.append)
    assert patient.get_json(f"{server.url}/x") == {"a": 1}
    assert times == [7.0, 2.0]
    server.answers["/y"] = (503, {}, b"")
    with pytest.raises(LoadError, match="answers 503"):
        patient.get_json(f"{server.url}/y")
    assert server.asked["/y"] == 4
    with pytest.raises(Missing):
        patient.get_json(f"{server.url}/z")
    server.answers["/secret"] = (401, {}, b"")
    with pytest.raises(LoadError, match="answers 401"):
        patient.get_json(f"{server.url}/secret")
    assert server.asked["/secret"] == 1


def test_an_api_that_cannot_be_reached_is_a_clear_error(server):
    times = []
    client = client_for("http://127.0.0.1:9")
    with pytest.raises(LoadError, match="cannot be reached"):
        type(client)(client.host, client.opener, times.append).get_json("http://127.0.0.1:9/services")
    assert times == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("where", ["http://example.org/services", "file:///etc/passwd", "ftp://127.0.0.1/"])
def test_a_redirect_to_elsewhere_is_not_followed(server, tmp_path, where):
    server.answers["/services"] = (302, {"Location": where}, b"")
    with pytest.raises(LoadError):
        open_input(server.url, Named(), tmp_path)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((200, {}, b"<html>"), "does not answer with JSON"),
        ({"rows": []}, "does not answer with a page"),
        ({"contents": [1]}, "does not answer with a page"),
        ((404, {}, b""), "answers 404"),
    ],
)
def test_what_is_no_hsds_api_is_refused(server, tmp_path, answer, reason):
    server.answers["/services"] = answer
    with pytest.raises(LoadError, match=reason):
        open_input(server.url, Named(), tmp_path)


def test_an_api_whose_paging_never_ends_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr("resource_api.directory.load.fetch_api.MOST_PAGES", 3)
    server.answers["/services"] = {"contents": [nested()]}
    with pytest.raises(LoadError, match="more than 3 pages"):
        open_input(server.url, Named(), tmp_path)


def test_an_answer_larger_than_is_reasonable_is_refused(server, tmp_path, monkeypatch):
    monkeypatch.setattr("resource_api.directory.load.fetch.MOST_ANSWER", 10)
    server.answers["/services"] = {"contents": [nested()]}
    with pytest.raises(LoadError, match="more than 10 bytes"):
        open_input(server.url, Named(), tmp_path)


def test_an_empty_api_is_no_error_of_its_own(database, server):
    server.answers["/services"] = {"contents": [], "empty": True}
    with pytest.raises(LoadError, match="no HSDS object"):
        load_place(database, server.url)


def test_a_file_is_fetched_by_its_url(database, server):
    body = json.dumps([nested()]).encode()
    server.answers["/data/county.json"] = (200, {}, body)
    assert load_place(database, f"{server.url}/data/county.json", named=Named()).refused == 0
    assert service_documents(database)[0]["source"] == {"name": "county", "url": f"{server.url}/data/county.json"}


def test_a_file_that_is_cut_off_too_large_or_missing_is_refused(server, tmp_path, monkeypatch):
    server.answers["/a.json"] = (200, {"Content-Length": "100"}, b"[]")
    with pytest.raises(LoadError, match=r"cut off|cannot be reached"):
        open_input(f"{server.url}/a.json", Named(), tmp_path)
    with pytest.raises(LoadError, match="not there"):
        open_input(f"{server.url}/b.json", Named(), tmp_path)
    monkeypatch.setattr("resource_api.directory.load.fetch.MOST_FILE", 1)
    server.answers["/a.json"] = (200, {}, b"[{}]")
    with pytest.raises(LoadError, match="larger than"):
        open_input(f"{server.url}/a.json", Named(), tmp_path)
