"""HOW SOMETHING IS FETCHED over HTTP: one host, bounded in time, size and retries."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPMessage
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

import orjson

from resource_api.errors import LoadError

TIMEOUT_S = 30
ATTEMPTS = 4
MOST_FILE = 2 * 1024**3
MOST_ANSWER = 64 * 1024**2
_FILES = (".json", ".ndjson", ".jsonl", ".zip")
_TRANSIENT = {408, 429, 500, 502, 503, 504}
_LONGEST_WAIT_S = 30.0


class Missing(Exception):
    """The server says that it has no such thing: 404, 405, 410 or 501."""


@dataclass(frozen=True, slots=True)
class Client:
    """Fetches from one host; `sleep` waits between attempts."""

    host: str
    opener: OpenerDirector
    sleep: Callable[[float], None] = time.sleep

    def get_json(self, url: str) -> object:
        """Fetch a JSON answer.

        Raises Missing where there is none, LoadError where it cannot be had.
        """
        with self._open(url, {"Accept": "application/json"}) as answer:
            body = answer.read(MOST_ANSWER + 1)
        if len(body) > MOST_ANSWER:
            raise LoadError(f"{url} answers with more than {MOST_ANSWER:,} bytes", hint="a page of at most 100 records")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise LoadError(f"{url} does not answer with JSON: {error}", hint="the root of an HSDS API") from error

    def get_file(self, url: str, path: Path) -> None:
        """Fetch a file to `path`.

        Raises LoadError where it cannot be had.
        """
        try:
            with self._open(url, {}) as answer, path.open("wb") as file:
                size = 0
                while chunk := answer.read(1 << 20):
                    size += len(chunk)
                    if size > MOST_FILE:
                        raise LoadError(
                            f"{url} is larger than {MOST_FILE:,} bytes", hint="a smaller file, or load it from a path"
                        )
                    file.write(chunk)
                promised = answer.headers.get("Content-Length", "")  # type: ignore[attr-defined]
        except Missing as error:
            raise LoadError(f"{url} is not there: {error}", hint="check the address") from error
        if promised.isdigit() and int(promised) != size:
            raise LoadError(f"{url} was cut off after {size:,} of {promised} bytes", hint="try again")

    def _open(self, url: str, headers: Mapping[str, str]) -> IO[bytes]:
        check_url(url, self.host)
        request = Request(url, headers={"User-Agent": "community-resource-api", **headers})  # noqa: S310 - checked above
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.opener.open(request, timeout=TIMEOUT_S)  # type: ignore[no-any-return]
            except HTTPError as error:
                error.close()
                if error.code in (404, 405, 410, 501):
                    raise Missing(f"{url} answers {error.code}") from error
                if error.code not in _TRANSIENT or attempt == ATTEMPTS:
                    raise LoadError(
                        f"{url} answers {error.code} {error.reason}", hint="check the address and its access"
                    ) from error
                wait = _asked_wait(error.headers) or 2.0 ** (attempt - 1)
            except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
                if attempt == ATTEMPTS:
                    reason = getattr(error, "reason", error)
                    raise LoadError(
                        f"{url} cannot be reached: {reason}", hint="check the address and the network"
                    ) from error
                wait = 2.0 ** (attempt - 1)
            self.sleep(min(wait, _LONGEST_WAIT_S))
        raise AssertionError("the last attempt returns or raises")


def client_for(url: str) -> Client:
    """Make a client for a URL's host.

    Raises LoadError where it is no http(s) URL.
    """
    host = check_url(url)
    return Client(host, build_opener(_SameHost(host)))


def check_url(url: str, host: str | None = None) -> str:
    """Check that a URL may be fetched, and give its host and port.

    Raises LoadError where it is not http(s), carries a password, or leads to another host.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LoadError(f"{url} is not an http(s) URL", hint="https://example.org/hsds")
    if parts.username or parts.password:
        raise LoadError("the URL carries a user or password", hint="an address that anyone may read")
    if host is not None and parts.netloc != host:
        raise LoadError(f"{url} leads away from {host}", hint="load from that address itself")
    return parts.netloc


def is_url(place: str) -> bool:
    """Tell whether a place is written as a URL."""
    return "://" in place


def points_at_file(url: str) -> bool:
    """Tell whether a URL names a file rather than an API."""
    return PurePosixPath(urlsplit(url).path).suffix.lower() in _FILES


def fetch_file(url: str, scratch: Path) -> Path:
    """Fetch a file of data, keeping its name."""
    path = scratch / (PurePosixPath(urlsplit(url).path).name or "data.json")
    client_for(url).get_file(url, path)
    return path


class _SameHost(HTTPRedirectHandler):
    def __init__(self, host: str) -> None:
        self.host = host

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        check_url(newurl, self.host)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _asked_wait(headers: Message) -> float | None:
    asked = headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else None
