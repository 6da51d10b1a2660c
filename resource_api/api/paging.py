"""How HSDS's lists and records are answered: stored JSON, spliced into pages or streamed.

https://docs.openreferral.org/en/latest/hsds/api_reference.html#lists-and-pagination
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import marshmallow as ma
import orjson
from flask import Response, request, stream_with_context

from resource_api.api.arguments import refuse
from resource_api.api.blueprint import json_bytes
from resource_api.api.context import session, settings
from resource_api.api.errors import FieldError
from resource_api.api.schemas.page import DEFAULT_PER_PAGE
from resource_api.directory.lookup import Kind, get_record

if TYPE_CHECKING:
    from resource_api.directory.list_records import Form

NDJSON = "application/x-ndjson"
MINIMAL_PER_PAGE = 10_000


def listed(page: type[ma.Schema]) -> dict[str, Any]:
    """Document what a list answers with: a page, or lines."""
    lines = {"schema": {"type": "string", "description": "One record on each line."}}
    content = {"application/json": {"schema": page}, NDJSON: lines}
    return {"200": {"description": "A page of records, or all of them.", "content": content}}


def answer_record(kind: Kind, record_id: str, *, full_service: bool = False) -> Response:
    """Answer with one record in full."""
    found = get_record(session(), kind, record_id)
    if full_service:
        from resource_api.directory.list_records import with_full_services

        [body] = with_full_services(session(), [found.json])
        return json_bytes(body)
    return json_bytes(found.json, etag=found.etag, modified=found.modified_at)


def answer_list(kind: Kind, args: dict[str, Any]) -> Response:
    """Answer with a page of records, or stream all of them."""
    from resource_api.directory.list_records import RecordQuery, select_records, with_full_services

    _refuse_a_body()
    filters = {name: args[name] for name in RecordQuery.__dataclass_fields__ if name in args}
    metres = args.get("proximity")
    query = RecordQuery(kind, proximity_m=None if metres is None else float(metres), **filters)
    selection = select_records(session(), query)
    form: Form = "minimal" if args["minimal"] else "full" if args.get("full") else "brief"
    full_service = bool(args.get("full_service")) and form != "minimal"
    if args["format"] == "ndjson":
        _refuse_pages(args)
        records = selection.stream(form)
        return _stream(with_full_services(session(), records) if full_service else records)
    number = args.get("page", 1)
    size = args.get("per_page", MINIMAL_PER_PAGE if form == "minimal" else DEFAULT_PER_PAGE)
    contents = selection.page(form, offset=(number - 1) * size, limit=size)
    if full_service:
        contents = list(with_full_services(session(), contents))
    return answer_page(contents, number, size, selection.count())


def answer_page(contents: list[bytes], number: int, size: int, total: int) -> Response:
    """Answer with one page of records, in HSDS's envelope."""
    pages = -(-total // size)
    envelope = orjson.dumps(
        {
            "total_items": total,
            "total_pages": pages,
            "page_number": number,
            "size": len(contents),
            "first_page": number == 1,
            "last_page": number >= pages,
            "empty": not contents,
        }
    )
    response = json_bytes(envelope[:-1] + b',"contents":[' + b",".join(contents) + b"]}")
    response.headers["Link"] = _write_links(number, pages)
    return response


def _stream(records: Iterator[bytes]) -> Response:
    lines = (record + b"\n" for record in records)
    response = Response(stream_with_context(lines), mimetype=NDJSON)
    response.headers["Cache-Control"] = f"public, max-age={settings().cache_seconds}"
    return response


def _write_links(number: int, pages: int) -> str:
    """Write the Link header of a page (RFC 8288)."""
    last = max(pages, 1)
    near = {"first": 1, "prev": min(number - 1, last), "next": number + 1, "last": last}
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "page"]
    here = settings().public_url + request.path
    return ", ".join(
        f'<{here}?{urlencode([*kept, ("page", page)])}>; rel="{rel}"' for rel, page in near.items() if 1 <= page <= last
    )


def _refuse_pages(args: dict[str, Any]) -> None:
    given = [name for name in ("page", "per_page") if name in args]
    if given:
        detail, hint = "makes no sense with format=ndjson, which streams every record", "leave it out"
        raise refuse(tuple(FieldError(name, detail, hint) for name in given))


def _refuse_a_body() -> None:
    """HSDS's POST twins take their parameters in the query string; a body would be passed over silently."""
    if request.method == "POST" and request.get_data(cache=False):
        hint = "put the parameters into the query string, as HSDS does; POST /search takes a body"
        raise refuse((FieldError("", "The body must be empty", hint),))
