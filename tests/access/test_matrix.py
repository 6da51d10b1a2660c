"""Who may do what, for each route, each role and each record: a route that stands in no line here fails.

To add a route, add its line to ROUTES. `public()`: anybody. `link()`: whoever has the secret in its path. `guarded()`:
a client, by an action of the policy; with `json` a body that is well-formed, and, where the path names a record,
`objects`: a function that makes records, those that a caller may know of and those that it may not.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from resource_api.access.client import revoke_client
from resource_api.access.policy import (
    ACTIONS,
    ROLES,
    SCOPES,
    Action,
    Caller,
    Grants,
    Role,
    decide,
    default_scopes,
    scope_for,
)
from resource_api.api.authenticate import authorize
from resource_api.api.authenticate import guarded as document
from resource_api.api.blueprint import Blueprint
from resource_api.api.openapi import write_openapi
from resource_api.errors import NotAllowed, NotFound
from tests.access.conftest import make_app
from tests.access.delivery_records import make_address, make_delivery, make_webhook, others_of
from tests.access.directory_records import body_of, delete, etag_of_secret, make_correction, make_organization
from tests.access.enrol import Enrolled, bearer, enrol, in_database, new_address, wiring_of
from tests.access.referral_records import if_match, make_referrals


@dataclass(frozen=True)
class Objects:
    """The ids of records: those of which a caller may know, with how each is answered, and those of which it may not.

    Each is named for what it is to the caller: its own, another organization's, formerly shared, revoked.
    """

    known: Mapping[str, tuple[str, int]]
    hidden: Mapping[str, str]


# Makes the records that one route is tried with, for an organization's client in a role that the policy lets in.
MakeObjects = Callable[[Flask, Enrolled], Objects]
# What is sent to a record depends on it: its version, or what it says.
Sent = Callable[[Flask, str], Any]


@dataclass(frozen=True)
class Route:
    kind: Literal["public", "link", "guarded"]
    action: Action | None = None
    json: Any = None
    headers: Sent | None = None
    objects: MakeObjects | None = None


def public() -> Route:
    return Route("public")


def link() -> Route:
    return Route("link")


def guarded(
    action: Action, *, json: Any = None, headers: Sent | None = None, objects: MakeObjects | None = None
) -> Route:
    return Route("guarded", action, json, headers, objects)


def webhooks(status: int) -> MakeObjects:
    def make(app: Flask, caller: Enrolled) -> Objects:
        others = {why: make_webhook(app, other) for why, other in others_of(app, caller).items()}
        return Objects({"own": (make_webhook(app, caller), status)}, others)

    return make


def deliveries(app: Flask, caller: Enrolled) -> Objects:
    others = {why: make_delivery(app, other) for why, other in others_of(app, caller).items()}
    return Objects({"own": (make_delivery(app, caller), 202)}, others)


def addresses(app: Flask, caller: Enrolled) -> Objects:
    others = others_of(app, caller)
    mine = {"own": caller, "a colleague's": others["same organization"]}
    return Objects(
        {why: (make_address(app, one), 204) for why, one in mine.items()}, {"other": make_address(app, others["other"])}
    )


def corrections(app: Flask, caller: Enrolled) -> Objects:
    own, other = (make_correction(app, make_organization(app, who)["services"]) for who in (caller, None))
    return (
        Objects({"own": (own, 200)}, {"other": other}) if caller.role == "steward" else Objects({"own": (own, 200)}, {})
    )


def nouns(noun: str, status: int) -> MakeObjects:
    """A record that everybody may read: that it is there is no secret, so who may not write it is told so."""

    def make(app: Flask, caller: Enrolled) -> Objects:
        own, other, gone = (make_organization(app, who)[noun] for who in (caller, None, None))
        delete(app, noun, gone)
        admin, nobodys = caller.role == "admin", noun in ("taxonomies", "taxonomy_terms")
        known = {
            "own": (own, status if admin or not nobodys else 403),
            "other": (other, status if admin else 403),
            "gone": (gone, 410),
        }
        return Objects(known, {})

    return make


def secret_places(app: Flask, caller: Enrolled) -> Objects:
    """Where a confidential location is: for its owner's stewards, and no administrator."""
    own, other = (make_organization(app, who)["locations"] for who in (caller, None))
    return Objects({"own": (own, 200 if caller.role == "steward" else 403), "other": (other, 403)}, {})


def referrals(requester: Mapping[str, int], recipient: Mapping[str, int]) -> MakeObjects:
    """Referrals, with how those are answered of which a caller of either side may know; the others are hidden."""

    def make(app: Flask, caller: Enrolled) -> Objects:
        made = make_referrals(app, caller)
        statuses = recipient if caller.role == "referral_recipient" else requester
        known = {why: (made.pop(why), status) for why, status in statuses.items()}
        return Objects(known, made)

    return make


def as_served(noun: str) -> Sent:
    """Send a record as it is served; one that is not there, as it could be."""

    def read(app: Flask, id: str) -> Any:
        served = app.test_client().get(f"/{noun}/{id}")
        return served.json if served.status_code == 200 else body_of(noun, ELSEWHERE)

    return read


def etag_of(path: str) -> Sent:
    """Name the version that a record is served at."""

    def read(app: Flask, id: str) -> Mapping[str, str]:
        return {"If-Match": app.test_client().get(path.replace("<id>", id)).headers.get("ETag", '"none"')}

    return read


def to_a_service(_app: Flask, _id: str) -> Any:
    return {"service_id": ELSEWHERE["services"]}


def stewarded(noun: str) -> dict[str, Route]:
    path, version = f"/{noun}/<id>", etag_of(f"/{noun}/<id>")
    return {
        f"GET {path}": public(),
        f"PUT {path}": guarded("directory.edit", json=as_served(noun), headers=version, objects=nouns(noun, 200)),
        f"PATCH {path}": guarded("directory.edit", json={}, headers=patching(version), objects=nouns(noun, 200)),
        f"DELETE {path}": guarded("directory.edit", headers=version, objects=nouns(noun, 204)),
    }


def patching(version: Sent) -> Sent:
    return lambda app, id: {**version(app, id), "Content-Type": "application/merge-patch+json"}


# Where what is given to somebody else goes to, in each application of these tests.
ELSEWHERE: dict[str, str] = {}
# How acts are answered to a former party, which may know that the referral is there; and to whom it is offered.
FORMER = dict.fromkeys(("former", "rejected", "offered"), 403)
ALL_READ = dict.fromkeys(("own", "revoked", "ended", "former", "rejected", "offered", "claimed"), 200)
READ = referrals(dict.fromkeys(("own", "a colleague's", "revoked", "ended", "again"), 200), ALL_READ)
NOT_A_RECIPIENT = dict.fromkeys(ALL_READ, 403)
CANCELLED = {"status": "cancelled", "reason": {"code": "no-longer-needed"}}
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()

ROUTES: dict[str, Route] = {
    # The directory, and what is said about this API
    "GET /": public(),
    "GET /services": public(),
    "POST /services": public(),
    **stewarded("services"),
    "GET /organizations": public(),
    "POST /organizations": public(),
    **stewarded("organizations"),
    "GET /service_at_locations": public(),
    "POST /service_at_locations": public(),
    **stewarded("service_at_locations"),
    "GET /locations": public(),
    **stewarded("locations"),
    "GET /taxonomies": public(),
    "POST /taxonomies": public(),
    **stewarded("taxonomies"),
    "GET /taxonomy_terms": public(),
    "POST /taxonomy_terms": public(),
    **stewarded("taxonomy_terms"),
    "PUT /services/<id>/availability": guarded(
        "directory.edit", json={"accepts_referrals": "yes"}, objects=nouns("services", 200)
    ),
    "GET /locations/<id>/confidential-address": guarded("directory.edit", objects=secret_places),
    "PUT /locations/<id>/confidential-address": guarded(
        "directory.edit", json={"name": "The quiet house"}, headers=etag_of_secret, objects=secret_places
    ),
    "POST /services/<id>/corrections": public(),
    "GET /corrections": guarded("corrections.decide"),
    "POST /corrections/<id>/decision": guarded(
        "corrections.decide", json={"decision": "still-correct"}, objects=corrections
    ),
    "GET /search": public(),
    "POST /search": public(),
    "GET /search/suggest": public(),
    "GET /needs": public(),
    "GET /profile": public(),
    "GET /profile/<file>": public(),
    "GET /problems": public(),
    "GET /problems/<slug>": public(),
    "GET /livez": public(),
    "GET /readyz": public(),
    "GET /metrics": public(),  # for the addresses in METRICS_ALLOW
    "GET /openapi.json": public(),
    "GET /docs": public(),
    "GET /docs/<file>": public(),
    # Access
    "GET /.well-known/smart-configuration": public(),
    "POST /oauth/token": public(),  # its form is the proof
    "POST /break-glass": guarded("glass.break", json={"reason": "A patient must be found.", "minutes": 1}),
    "DELETE /break-glass": guarded("glass.break"),
    "GET /audit": guarded("audit.read"),
    # Referrals
    "GET /referrals": guarded("referrals.read"),
    "POST /referrals": guarded("referrals.create", json={"patient": {"name": {"given": "A", "family": "B"}}}),
    "POST /referrals/search": guarded("referrals.read", json={"phone": "410-555-0177"}),
    "GET /referrals/<id>": guarded("referrals.read", objects=READ),
    "GET /referrals/<id>/events": guarded("referrals.read", objects=READ),
    "PATCH /referrals/<id>": guarded(
        "referrals.act",
        json={"respond_by": TOMORROW},
        headers=if_match,
        objects=referrals(
            {"own": 200, "a colleague's": 200, "revoked": 200, "ended": 409, "again": 200}, NOT_A_RECIPIENT
        ),
    ),
    "POST /referrals/<id>/transitions": guarded(
        "referrals.act",
        json=CANCELLED,
        headers=if_match,
        objects=referrals(
            {"own": 200, "a colleague's": 200, "revoked": 200, "ended": 409, "again": 200},
            {"own": 200, "revoked": 200, "ended": 409, "claimed": 409} | FORMER,
        ),
    ),
    "POST /referrals/<id>/messages": guarded(
        "referrals.act",
        json={"text": "Come at noon"},
        objects=referrals(
            {"own": 200, "a colleague's": 200, "revoked": 409, "ended": 200, "again": 200},
            {"own": 200, "revoked": 409, "ended": 200, "claimed": 200} | FORMER,
        ),
    ),
    "POST /referrals/<id>/appointments": guarded(
        "referrals.act",
        json={"start": TOMORROW},
        headers=if_match,
        objects=referrals(
            # Nobody has accepted these.
            {"own": 409, "a colleague's": 409, "revoked": 409, "ended": 409, "again": 409},
            {"own": 200, "revoked": 409, "ended": 409, "claimed": 409} | FORMER,
        ),
    ),
    "POST /referrals/<id>/reassign": guarded(
        "referrals.act",
        json=to_a_service,
        headers=if_match,
        objects=referrals(
            {"own": 200, "a colleague's": 200, "revoked": 409, "ended": 409, "again": 200}, NOT_A_RECIPIENT
        ),
    ),
    "DELETE /referrals/<id>/consent": guarded(
        "referrals.act",
        objects=referrals(
            {"own": 200, "a colleague's": 200, "revoked": 409, "ended": 200, "again": 200}, NOT_A_RECIPIENT
        ),
    ),
    "POST /referrals/<id>/re-refer": guarded(
        "referrals.create",
        json=to_a_service,
        objects=referrals({"own": 409, "a colleague's": 409, "revoked": 409, "ended": 201, "again": 409}, {}),
    ),
    "POST /referrals/<id>/split": guarded(
        "referrals.create",
        json=lambda app, id: {"children": [to_a_service(app, id) | {"allow_duplicate": True}]},
        objects=referrals({"own": 200, "a colleague's": 200, "revoked": 409, "ended": 409, "again": 200}, {}),
    ),
    "POST /referrals/<id>/claim": guarded(
        "referrals.claim",
        json={},
        objects=referrals(
            {},
            # Whom it was offered to may know that it was there; a former party is told of no pool.
            {"own": 409, "revoked": 409, "ended": 409, "offered": 200, "claimed": 409}
            | {"claimed by another": 409, "revoked in the pool": 409, "cancelled in the pool": 409}
            | {"former": 404, "rejected": 404},
        ),
    ),
    "GET /events": guarded("events.read"),
    # Delivery
    "GET /webhooks": guarded("webhooks.manage"),
    "POST /webhooks": guarded("webhooks.manage", json={"url": "https://127.0.0.1/"}),
    "GET /webhooks/<id>": guarded("webhooks.manage", objects=webhooks(200)),
    "DELETE /webhooks/<id>": guarded("webhooks.manage", objects=webhooks(204)),
    "POST /webhooks/<id>/test": guarded("webhooks.manage", objects=webhooks(202)),
    "POST /webhooks/<id>/rotate": guarded("webhooks.manage", objects=webhooks(200)),
    "POST /webhooks/<id>/enable": guarded("webhooks.manage", objects=webhooks(200)),
    "GET /webhook-deliveries": guarded("webhooks.manage"),
    "POST /webhook-deliveries/replay": guarded("webhooks.manage", json={}),
    "POST /webhook-deliveries/<id>/replay": guarded("webhooks.manage", objects=deliveries),
    "GET /referral-addresses": guarded("addresses.manage"),
    "POST /referral-addresses": guarded("addresses.manage", json={"email": "somebody@example.org"}),
    "DELETE /referral-addresses/<id>": guarded("addresses.manage", objects=addresses),
    "GET /referral-addresses/confirm/<token>": link(),
    "POST /referral-addresses/confirm/<token>": link(),
    "GET /reply/<token>": link(),
    "POST /reply/<token>/code": link(),
    "POST /reply/<token>/referral": link(),
    "POST /reply/<token>/transitions": link(),
}
GUARDED = [name for name, route in ROUTES.items() if route.kind == "guarded"]
NAMED = [name for name in GUARDED if ROUTES[name].objects is not None]
UNREAL = "00000000-0000-4000-8000-000000000000"
_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator["World"]:
    app = make_app(tmp_path_factory.mktemp("matrix"))
    yield World(app)
    wiring_of(app).database.close()


class World:
    """An application, and one client of each role."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.clients: dict[Role, Enrolled] = {role: enrol(app, role) for role in ROLES}
        ELSEWHERE.update(make_organization(app, enrol(app, "referral_recipient")))

    def token(self, role: Role) -> dict[str, str]:
        """The header of a role's client; a reader has no secret, and shows the only thing it has."""
        if role == "reader":
            return {"Authorization": f"Bearer {self.clients[role].client_id}"}
        return bearer(self.client, self.clients[role])

    def ask(self, name: str, headers: Mapping[str, str], id: str = UNREAL, route: Route | None = None) -> TestResponse:
        method, path = name.split(" ")
        route = route or ROUTES[name]
        return self.client.open(
            _ARGUMENT.sub(id, path),
            method=method,
            json=route.json(self.app, id) if callable(route.json) else route.json,
            headers={**(route.headers(self.app, id) if route.headers else {}), **headers},
            environ_overrides=new_address(),
        )


def rules(app: Flask) -> set[str]:
    return {
        method + " " + _ARGUMENT.sub(r"<\1>", rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def allowed(role: Role, action: Action) -> bool:
    """Tell what the policy says, for a token with every scope that the role has."""
    organization = None if role in ("admin", "auditor") else "some"
    try:
        decide(Caller("c", organization, role, frozenset(default_scopes(role))), action)
    except NotAllowed:
        return False
    return True


def test_every_route_stands_in_a_line_and_every_line_is_a_route(world: World) -> None:
    assert rules(world.app) - set(ROUTES) == set(), "add a line to ROUTES for each"
    assert set(ROUTES) - rules(world.app) == set()


def test_a_guarded_route_that_names_a_record_is_tried_with_records() -> None:
    assert [name for name in GUARDED if "<" in name and ROUTES[name].objects is None] == []


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if route.kind == "public"])
def test_a_public_route_asks_nobody_who_they_are(name: str, world: World) -> None:
    if name != "POST /oauth/token":
        assert world.ask(name, {}).status_code not in (401, 403)


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if route.kind == "link"])
def test_a_link_that_nobody_was_sent_leads_nowhere(name: str, world: World) -> None:
    assert world.ask(name, {}, id="x" * 43).status_code == 404


@pytest.mark.parametrize("name", GUARDED)
def test_a_guarded_route_opens_to_nobody_unknown(name: str, world: World) -> None:
    revoked = enrol(world.app, "admin")
    ended = bearer(world.client, revoked)
    in_database(world.app, lambda session: revoke_client(session, revoked.client_id, now=datetime.now(UTC)))
    shown = ({}, {"Authorization": "Bearer"}, {"Authorization": f"Bearer {'x' * 43}"}, ended)
    for headers in (*shown, {"Authorization": f"Basic {revoked.secret}"}, {"Cookie": "token=x"}):
        refused = world.ask(name, headers)
        assert refused.status_code == 401, headers
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert refused.mimetype in ("application/problem+json", "application/fhir+json")


@pytest.mark.parametrize("name", GUARDED)
def test_nobody_unknown_is_told_what_is_wrong_with_a_body(name: str, world: World) -> None:
    method, path = name.split(" ")
    asked = world.client.open(
        _ARGUMENT.sub(UNREAL, path),
        method=method,
        data=b"{",
        content_type="text/plain",
        environ_overrides=new_address(),
    )
    assert asked.status_code == 401


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", GUARDED)
def test_a_role_may_do_what_the_policy_says_and_nothing_else(name: str, role: Role, world: World) -> None:
    action = ROUTES[name].action
    assert action is not None
    status = world.ask(name, world.token(role)).status_code
    if role == "reader":
        assert status == 401
    elif allowed(role, action):
        assert status not in (401, 403)
        assert status < 500
    else:
        assert status == 403


@pytest.mark.parametrize("name", GUARDED)
def test_a_token_without_the_scope_opens_nothing(name: str, world: World) -> None:
    action = ROUTES[name].action
    assert action is not None
    for role in (role for role in ROLES if allowed(role, action)):
        rest = default_scopes(role) - {scope_for(action)}
        if rest:
            narrow = enrol(world.app, role, scope=frozenset(rest))
            assert world.ask(name, bearer(world.client, narrow)).status_code == 403


@pytest.mark.parametrize("name", NAMED)
def test_what_a_caller_may_not_know_of_does_not_exist_for_it(name: str, world: World) -> None:
    check_hidden(world, name, ROUTES[name])


def check_hidden(world: World, name: str, route: Route) -> None:
    """Check that what each role may not know of is answered like what does not exist, and the rest as it should be."""
    assert route.action is not None
    assert route.objects is not None
    for role in (role for role in ROLES if allowed(role, route.action)):
        caller = enrol(world.app, role)
        objects, headers = route.objects(world.app, caller), bearer(world.client, caller)
        nothing = world.ask(name, headers, UNREAL, route)
        assert nothing.status_code == 404
        for why, id in objects.hidden.items():
            hidden = world.ask(name, headers, id, route)
            assert _all_of(hidden, id) == _all_of(nothing, UNREAL), (role, why)
        for why, (id, status) in objects.known.items():
            answer = world.ask(name, headers, id, route)
            assert answer.status_code == status, (role, why, answer.text)
            assert answer.headers["Cache-Control"] == "no-store"
            if status == 404:
                assert _all_of(answer, id) == _all_of(nothing, UNREAL), (role, why)


def _all_of(answer: TestResponse, id: str) -> tuple[int, str, list[tuple[str, str]]]:
    """Get every byte of an answer, but for the record's and the request's own ids."""

    def told(text: str) -> str:
        return text.replace(id, "…").replace(answer.headers["X-Request-Id"], "…")

    return answer.status_code, told(answer.text), [(name, told(value)) for name, value in answer.headers.items()]


notes = Blueprint("notes", __name__, public=False)
KEPT: dict[str, str | None] = {}  # whose each note is


@notes.route("/notes/<id>")
@notes.doc(**document("referrals.claim"))
def show_note(id: str) -> Response:
    return show(id, KEPT.get(id) == authorize("referrals.claim").organization_id)


@notes.route("/leaky/<id>")
@notes.doc(**document("referrals.claim"))
def show_anybodys_note(id: str) -> Response:
    return show(id, id in KEPT)


@notes.route("/telling/<id>")
@notes.doc(**document("referrals.claim"))
def show_note_or_say_whose_it_is(id: str) -> Response:
    if KEPT.get(id, "nobody") not in (authorize("referrals.claim").organization_id, "nobody"):
        raise NotFound(f"The note {id} is another organization's")
    return show(id, id in KEPT)


def show(id: str, shown: bool) -> Response:
    if not shown:
        raise NotFound(f"No note has the id {id}")
    return Response("{}", mimetype="application/json", headers={"Cache-Control": "no-store"})


def keep_notes(_app: Flask, caller: Enrolled) -> Objects:
    mine, other = str(uuid4()), str(uuid4())
    KEPT.update({mine: caller.organization_id, other: "another organization"})
    return Objects({"own": (mine, 200)}, {"other": other})


def test_this_table_finds_a_route_that_leaks(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    app.register_blueprint(notes)
    leaky, route = World(app), guarded("referrals.claim", objects=keep_notes)
    assert rules(app) - set(ROUTES) == {"GET /notes/<id>", "GET /leaky/<id>", "GET /telling/<id>"}
    check_hidden(leaky, "GET /notes/<id>", route)
    for leak in ("GET /leaky/<id>", "GET /telling/<id>"):
        with pytest.raises(AssertionError):
            check_hidden(leaky, leak, route)
    wiring_of(app).database.close()


@pytest.mark.parametrize("name", GUARDED)
def test_an_embed_key_opens_no_guarded_route_even_beside_a_token(name: str, world: World) -> None:
    key = {"X-Embed-Key": world.clients["reader"].client_id, "Origin": "https://pages.example.org"}
    for role in ROLES:
        assert world.ask(name, world.token(role) | key).status_code == 403
    assert world.ask(name, key).status_code == 403


@pytest.mark.parametrize("name", GUARDED)
def test_what_guards_a_route_is_documented(name: str, world: World) -> None:
    method, path = name.split(" ")
    definition = write_openapi(world.app)
    operation = definition["paths"][_ARGUMENT.sub(r"{\1}", path)][method.lower()]
    action = ROUTES[name].action
    assert action is not None
    assert operation["security"] == [{"token": [scope_for(action)]}]
    assert operation["x-action"] == action


@pytest.mark.parametrize("name", GUARDED)
def test_a_guarded_route_is_kept_by_no_cache_and_read_by_no_page(name: str, world: World) -> None:
    for headers in ({}, world.token("admin"), world.token("referral_source")):
        answer = world.ask(name, headers | {"Origin": "https://pages.example.org"})
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_lets_nobody_do_what_no_line_says() -> None:
    """The whole table once more, by hand: a change to the policy must be meant twice."""
    both_sides = "referrals.read referrals.act events.read webhooks.manage"
    may: dict[Role, str] = {
        "referral_source": f"referrals.create {both_sides}",
        "coordinator": f"referrals.create {both_sides}",
        "referral_recipient": f"referrals.claim addresses.manage {both_sides}",
        "steward": "directory.edit corrections.decide",
        "reader": "",
        "auditor": "audit.read",
        "admin": "directory.edit corrections.decide glass.break",
    }
    assert {role: {action for action in ACTIONS if allowed(role, action)} for role in ROLES} == {
        role: set(actions.split()) for role, actions in may.items()
    }


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", ROLES)
def test_no_scope_makes_up_for_a_role(role: Role, action: Action) -> None:
    everything = frozenset(SCOPES)
    if not allowed(role, action):
        with pytest.raises(NotAllowed):
            decide(Caller("c", "some", role, everything), action)
    else:
        with pytest.raises(NotAllowed):
            decide(Caller("c", "some", role, everything - {scope_for(action)}), action)


def test_an_administrator_sees_referrals_only_with_the_glass_broken() -> None:
    caller = Caller("c", None, "admin", frozenset(SCOPES))
    with pytest.raises(NotAllowed):
        decide(caller, "referrals.read")
    broken = Caller("c", None, "admin", frozenset(SCOPES), glass_broken=True)
    assert decide(broken, "referrals.read").everything
    for action in ("referrals.act", "referrals.create", "referrals.claim", "events.read", "audit.read"):
        with pytest.raises(NotAllowed):
            decide(broken, action)


SIDES: dict[Role, tuple[Action, bool, bool, bool]] = {
    "referral_source": ("referrals.read", True, False, False),
    "coordinator": ("referrals.read", True, False, False),
    "referral_recipient": ("referrals.read", False, True, False),
    "steward": ("directory.edit", False, False, False),
    "auditor": ("audit.read", False, False, True),
    "admin": ("directory.edit", False, False, True),
}


@pytest.mark.parametrize("role", SIDES)
def test_a_role_stands_on_its_side_of_a_referral_and_on_no_other(role: Role) -> None:
    action, as_requester, as_recipient, everything = SIDES[role]
    grants = decide(Caller("c", "some", role, frozenset(SCOPES)), action)
    assert (grants.as_requester, grants.as_recipient, grants.everything) == (as_requester, as_recipient, everything)
    assert grants.organization_id == "some"


def test_what_is_not_granted_is_not() -> None:
    caller = Caller("c", "some", "steward", frozenset())
    assert not caller.test
    assert not caller.glass_broken
    grants = Grants(caller, "directory.edit")
    assert (grants.as_requester, grants.as_recipient, grants.everything) == (False, False, False)


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("admin", "auditor")])
def test_a_role_without_an_organization_does_nothing(role: Role) -> None:
    for action in ACTIONS:
        with pytest.raises(NotAllowed):
            decide(Caller("c", None, role, frozenset(SCOPES)), action)


def test_a_token_that_is_over_opens_nothing(world: World) -> None:
    import time_machine

    headers = world.token("admin")
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=301)):
        for name in GUARDED:
            assert world.ask(name, headers).status_code == 401
