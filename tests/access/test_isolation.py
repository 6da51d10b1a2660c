"""Does anything of one organization ever reach another? Every route is asked, as every role of the other ones.

Each field that holds something of a person has a word of its own that stands nowhere else; so has what is an
organization's own affair. None of them may come back in a body or a header to whoever it is not for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from resource_api.access.glass import break_glass
from resource_api.access.policy import ROLES, WITHOUT_ORGANIZATION, Role
from resource_api.delivery.address import confirm_address, confirm_token
from resource_api.delivery.reply import link_for
from resource_api.delivery.tables import ReferralAddress
from tests.access.delivery_records import grants_of, make_address, make_delivery, make_webhook
from tests.access.directory_records import make_correction
from tests.access.enrol import Enrolled, bearer, enrol, in_database, new_address, wiring_of
from tests.access.test_matrix import ELSEWHERE, ROUTES, Route, allowed
from tests.api.asked import NOUNS
from tests.referrals.world import (
    CLINIC,
    CRADLE,
    CRADLE_SERVICE,
    HOSPITAL,
    NOW,
    PANTRY,
    PANTRY_SERVICE,
    QUIET,
    Asking,
    World,
    make_world,
)

JSON = dict[str, Any]
Headers = Mapping[str, str]
_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
# Who sends and who is sent to, of the one side and of the other; and what either is sent.
SIDES = {
    "one": (HOSPITAL, PANTRY, PANTRY_SERVICE, CRADLE_SERVICE, "diapers"),
    "other": (CLINIC, CRADLE, CRADLE_SERVICE, PANTRY_SERVICE, "food-pantry"),
}
OTHER = {"one": "other", "other": "one"}
WORDS = (
    "given", "family", "email", "system", "number", "hours", "neversay", "ordersystem", "order", "note", "evidence",
    "reason", "outcome", "message", "answer", "appointment", "again", "part", "webhook", "address", "glass",
    "correction",
)  # fmt: skip
FIGURES = {
    "one": {"birth": "1931-07-19", "phone": "410-555-0177", "new phone": "443-555-0166", "place": "21231"},
    "other": {"birth": "1947-11-23", "phone": "410-555-0188", "new phone": "443-555-0155", "place": "21224"},
}
# A reason for breaking the glass is read by nobody over HTTP; where a person is, by no one but in the pool's referral.
UNREAD = {"glass"}


class Secrets:
    """The words that are one side's own."""

    def __init__(self, side: str) -> None:
        self.words = {word: f"zq{side}{word}" for word in WORDS} | FIGURES[side]

    def __getitem__(self, name: str) -> str:
        return self.words[name]

    @property
    def patient(self) -> JSON:
        return {
            "name": {"given": self["given"], "family": self["family"]},
            "birth_date": self["birth"],
            "phone": self["phone"],
            "email": f"{self['email']}@example.org",
            "identifiers": [{"system": f"urn:{self['system']}", "value": self["number"]}],
            "contact_safety": {"call": False, "hours": self["hours"], "never_say": self["neversay"]},
        }

    def found_in(self, text: str) -> set[str]:
        return {
            name
            for name, word in self.words.items()
            if word in text
            # Five digits stand in a random id once in some thousand answers.
            and (not word.isdigit() or re.search(rf"(?<![0-9a-f-]){word}(?![0-9a-f])", text))
        }


@dataclass(frozen=True)
class Asker:
    """Who asks: a role of an organization, or nobody."""

    role: Role | None
    organization: str | None = None
    headers: Headers = field(default_factory=dict)

    def ids(self, route: Route, ids: list[str]) -> list[str]:
        """List which of a route's records to ask about: one, where all are refused; none, where all are told alike."""
        if route.action is None:
            return ids if self.role in (None, "reader") else []
        return ids if self.role and allowed(self.role, route.action) else ids[:1]


class Crawled:
    """A world in which both sides have secrets, and what there is to ask about."""

    def __init__(self, path: Path) -> None:
        make_world(path)
        self.world = World(path)
        self.app: Flask = self.world.app
        self.secrets = {side: Secrets(side) for side in SIDES}
        self.ids: dict[str, list[str]] = {noun: list(ids) for noun, ids in NOUNS.items()}
        ELSEWHERE.update({noun: ids[0] for noun, ids in NOUNS.items()})
        for side in SIDES:
            self._write(side)

    def asking(self, organization: str, role: Role) -> tuple[Enrolled, Asking]:
        client = enrol(self.app, role, organization)
        return client, Asking(self.app.test_client(), bearer(self.app.test_client(), client)["Authorization"][7:])

    def _write(self, side: str) -> None:
        sender, target, service, elsewhere, need = SIDES[side]
        secrets = self.secrets[side]
        source_client, source = self.asking(sender, "referral_source")
        target_client, recipient = self.asking(target, "referral_recipient")
        _, formerly = self.asking(SIDES[OTHER[side]][1], "referral_recipient")
        consent = {"recipients": [target], "evidence": secrets["evidence"]}
        whole = {
            "patient": secrets.patient,
            "note": secrets["note"],
            "identifiers": [{"system": f"urn:{secrets['ordersystem']}", "value": secrets["order"]}],
            "allow_duplicate": True,
        }

        def refer(**more: Any) -> str:
            answer = source.post("/referrals", whole | more, key=f"key-{len(self.ids.get('referrals', []))}")
            assert answer.status_code == 201, answer.text
            id: str = (answer.json or {})["id"]
            self.ids.setdefault("referrals", []).append(id)
            return id

        def say(asking: Asking, path: str, body: JSON, **more: Any) -> JSON:
            answer = asking.post(path, body, **more)
            assert answer.status_code in (200, 201), answer.text
            return dict(answer.json or {})

        done = refer(service_id=service, consent=consent)
        say(source, f"/referrals/{done}/messages", {"text": secrets["message"]})
        recipient.move(done, "accepted", 1)
        say(recipient, f"/referrals/{done}/messages", {"text": secrets["answer"]})
        start = {"start": "2031-03-17T11:22:00Z", "note": secrets["appointment"]}
        say(recipient, f"/referrals/{done}/appointments", start, if_match=2)
        outcome = {"service_given": True, "need_met": "yes", "date": "2026-04-01", "note": secrets["outcome"]}
        assert recipient.move(done, "completed", 3, outcome=outcome).status_code == 200
        failed = refer(service_id=service, consent=consent)
        reason = {"code": "other", "text": secrets["reason"]}
        assert recipient.move(failed, "rejected", 1, reason=reason).status_code == 200
        again = say(source, f"/referrals/{failed}/re-refer", {"service_id": service, "note": secrets["again"]})
        part = {"service_id": service, "note": secrets["part"], "allow_duplicate": True}
        parts = say(source, f"/referrals/{again['id']}/split", {"children": [part]})
        self.ids["referrals"] += [again["id"], parts["children"][0]["id"]]
        changed = refer(service_id=service)
        source.patch(f"/referrals/{changed}", {"patient": {"phone": secrets["new phone"]}}, if_match=1)
        # What the other side once knew of, or knows of without the person.
        refer(need=need, place=secrets["place"])
        shared = refer(service_id=elsewhere)
        say(source, f"/referrals/{shared}/reassign", {"service_id": service}, if_match=1)
        for sent in (refer(service_id=elsewhere), refer(service_id=elsewhere)):
            assert formerly.move(sent, "accepted", 1).status_code == 200
            assert source.delete(f"/referrals/{sent}/consent").status_code == 200
        cancelled = refer(service_id=elsewhere)
        source.move(cancelled, "cancelled", 1, reason=reason)
        self._write_affairs(side, source_client, target_client, service, done)

    def _write_affairs(self, side: str, source: Enrolled, recipient: Enrolled, service: str, referral: str) -> None:
        """Write what is an organization's own affair."""
        app, secrets, keyring = self.app, self.secrets[side], self.world.keyring
        for client in (source, recipient):
            self.ids.setdefault("webhooks", []).append(make_webhook(app, client, secrets["webhook"]))
            self.ids.setdefault("webhook-deliveries", []).append(make_delivery(app, client))
        address = make_address(app, recipient, secrets["address"])
        self.ids.setdefault("referral-addresses", []).append(address)
        self.ids.setdefault("corrections", []).append(make_correction(app, service, secrets["correction"]))
        admin = enrol(app, "admin")

        def change(session: Any) -> None:
            confirm_address(session, keyring, confirm_token(keyring, session.get(ReferralAddress, address)), now=NOW)
            link_for(session, keyring, referral, address, now=NOW)
            grants = grants_of(admin, "glass.break")
            break_glass(session, keyring, grants, f"Because of {secrets['glass']}", 5, now=NOW)

        in_database(app, change)

    def askers(self, organizations: Iterable[str]) -> Iterator[Asker]:
        """List each role in these organizations, those that have none, and nobody."""
        yield Asker(None)
        for role in ROLES:
            for organization in organizations if role not in WITHOUT_ORGANIZATION else (None,):
                client = enrol(self.app, role, organization)
                if role == "reader":
                    key = {"X-Embed-Key": client.client_id, "Origin": "https://pages.example.org"}
                    yield Asker(role, organization, key)
                else:
                    yield Asker(role, organization, bearer(self.app.test_client(), client))

    def crawl(self, asker: Asker, methods: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Ask every route about every record that it could be about; get what was asked, and all that was answered."""
        client = self.app.test_client()
        for name, route in ROUTES.items():
            method, path = name.split(" ")
            if method not in methods or path.endswith("/claim"):  # who takes somebody on may see them
                continue
            noun = path.strip("/").partition("/<")[0]
            for id in asker.ids(route, self.ids.get(noun, self.ids["referrals"][:1]) if "<" in path else [""]):
                json = route.json(self.app, id) if callable(route.json) else route.json
                sent = {**(route.headers(self.app, id) if route.headers and method != "GET" else {}), **asker.headers}
                url = _ARGUMENT.sub(id, path)
                answer = client.open(url, method=method, json=json, headers=sent, environ_overrides=new_address())
                yield f"{method} {url}: {answer.status_code}", f"{answer.headers}{answer.text}"

    def look_for(self, headers: Headers, secrets: Secrets) -> Iterator[tuple[str, str]]:
        """Look for the other side's persons by all that is known of them."""
        client = self.app.test_client()
        asked: list[tuple[str, str, Any]] = [
            ("POST", "/referrals/search", {"identifier": secrets.patient["identifiers"][0]}),
            ("POST", "/referrals/search", {"phone": secrets["phone"]}),
            ("POST", "/referrals/search", {"email": secrets.patient["email"]}),
            ("GET", f"/referrals?identifier=urn:{secrets['ordersystem']}|{secrets['order']}", None),
        ]
        for method, path, json in asked:
            answer = client.open(path, method=method, json=json, headers=headers)
            if answer.status_code == 200:
                assert (answer.json or {})["contents"] == [], path
            yield f"{method} {path.partition('?')[0]}", f"{answer.headers}{answer.text}"


@pytest.fixture
def crawled(tmp_path: Path) -> Iterator[Crawled]:
    made = Crawled(tmp_path / "world.db")
    yield made
    wiring_of(made.app).database.close()


def test_nothing_of_one_organization_ever_reaches_another(crawled: Crawled) -> None:
    answered = 0
    # What is deleted is deleted last; what was written before may have opened something.
    for methods in (("GET",), ("POST", "PATCH"), ("GET",), ("PUT", "DELETE")):
        for side, other in OTHER.items():
            secrets = crawled.secrets[side]
            for asker in crawled.askers(SIDES[other][:2]):
                # An administrator decides everybody's corrections, which are about services.
                may = {"correction"} if asker.role == "admin" else set()
                for asked, told in (*crawled.crawl(asker, methods), *crawled.look_for(asker.headers, secrets)):
                    assert secrets.found_in(told) <= may, f"{asker.role} of {asker.organization}: {asked}"
                    answered += ": 20" in asked
    assert answered > 500


@pytest.mark.parametrize("side", SIDES)
def test_each_organization_finds_every_word_of_its_own(crawled: Crawled, side: str) -> None:
    """Otherwise the crawl would prove nothing."""
    found: set[str] = set()
    secrets = crawled.secrets[side]
    for asker in crawled.askers(SIDES[side][:2]):
        for _, told in crawled.crawl(asker, ("GET",)):
            found |= secrets.found_in(told)
    assert set(secrets.words) - found == UNREAD | {"webhook"}


def test_an_address_that_is_confidential_reaches_its_owners_stewards_alone(crawled: Crawled) -> None:
    word, path = "zqhiddenhollow", f"/locations/{NOUNS['locations'][2]}/confidential-address"
    _, owner = crawled.asking(QUIET, "steward")
    form = crawled.app.test_client().get(path, headers={"Authorization": f"Bearer {owner.token}"})
    written = crawled.app.test_client().put(
        path,
        json={**(form.json or {}), "name": word},
        headers={"Authorization": f"Bearer {owner.token}", "If-Match": form.headers["ETag"]},
    )
    assert written.status_code == 200, written.text
    assert word in owner.get(path).text
    for asker in crawled.askers((HOSPITAL, PANTRY)):
        for asked, told in crawled.crawl(asker, ("GET",)):
            assert word not in told, f"{asker.role} of {asker.organization}: {asked}"
