"""Referrals, in each way that one can be a caller's or no longer be, and of others, for the table of routes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask
from sqlalchemy.orm import Session

from resource_api.access.policy import Action, Caller, Grants, decide, default_scopes
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.claim import claim
from resource_api.referrals.create import create_referral
from resource_api.referrals.re_refer import re_refer
from resource_api.referrals.reassign import reassign
from resource_api.referrals.referral import Addressee, NewReferral, Patient, Reason, Transition
from resource_api.referrals.revoke import revoke_consent
from resource_api.referrals.tables import Referral
from resource_api.referrals.transition import move
from tests.access.directory_records import NEED, PLACE, write_organization
from tests.access.enrol import Enrolled, enrol, in_database, wiring_of

POOL = Addressee(need=NEED, place=PLACE)


def make_referrals(app: Flask, caller: Enrolled) -> dict[str, str]:
    """Make referrals that a caller has, or had, to do with, and others; each is named for what it is to the caller."""
    target = caller if caller.role == "referral_recipient" else enrol(app, "referral_recipient")
    sender = enrol(app, "referral_source") if caller.role == "referral_recipient" else caller
    cast = Cast(
        caller,
        sender=sender,
        target=target,
        stranger=enrol(app, "referral_source"),
        other=enrol(app, "referral_recipient"),
        # Its own organization's client on the other side: what that one may know of, the caller may not.
        twin=enrol(
            app,
            "referral_source" if caller.role == "referral_recipient" else "referral_recipient",
            caller.organization_id,
        ),
        colleague=enrol(app, caller.role, caller.organization_id),
    )
    made: dict[str, str] = in_database(app, lambda session: _Writing(session, wiring_of(app).keyring, cast).write())
    return made


def if_match(app: Flask, id: str) -> Mapping[str, str]:
    """The header that names the version which a referral is at."""
    with wiring_of(app).database.read() as session:
        referral = session.get(Referral, id)
        return {"If-Match": f'"{referral.version if referral else 1}"'}


@dataclass(frozen=True)
class Cast:
    caller: Enrolled
    sender: Enrolled
    target: Enrolled
    stranger: Enrolled
    other: Enrolled
    twin: Enrolled
    colleague: Enrolled


class _Writing:
    """All of them in one transaction."""

    def __init__(self, session: Session, keyring: Keyring, cast: Cast) -> None:
        self.session, self.keyring, self.cast = session, keyring, cast
        self.now = datetime.now(UTC)
        organizations = {each.organization_id for each in vars(cast).values()}
        self.services = {
            id: write_organization(session, id, now=self.now)["services"] for id in organizations if id is not None
        }

    def write(self) -> dict[str, str]:
        cast = self.cast
        made = self._as_requester() if cast.caller == cast.sender else self._as_recipient()
        return made | {"other": self._refer(cast.stranger, cast.other)}

    def _as_requester(self) -> dict[str, str]:
        cast = self.cast
        sent = {name: self._refer(cast.sender, cast.target) for name in ("own", "revoked", "ended")}
        self._revoke(cast.sender, sent["revoked"])
        self._cancel(cast.sender, sent["ended"])
        reassigned, claimed = self._refer(cast.stranger, cast.twin), self._refer(cast.stranger, None)
        self._reassign(cast.stranger, reassigned)
        self._claim(cast.twin, claimed)
        return sent | {
            "a colleague's": self._refer(cast.colleague, cast.target),
            "again": self._refer_again(cast.sender, sent["ended"]),
            "addressed to its organization": self._refer(cast.stranger, cast.twin),
            "formerly addressed to its organization": reassigned,
            "claimed by its organization": claimed,
        }

    def _as_recipient(self) -> dict[str, str]:
        cast = self.cast
        got = {
            name: self._refer(cast.sender, cast.target) for name in ("own", "revoked", "rejected", "ended", "former")
        }
        for name in ("own", "revoked"):
            self._move(cast.target, got[name], Transition("accepted"))
        self._revoke(cast.sender, got["revoked"])
        self._move(cast.target, got["rejected"], Transition("rejected", Reason("no-capacity")))
        self._cancel(cast.sender, got["ended"])
        self._reassign(cast.sender, got["former"])
        pool = {
            name: self._refer(cast.sender, None)
            for name in ("offered", "claimed", "claimed by another", "revoked in the pool", "cancelled in the pool")
        }
        self._claim(cast.target, pool["claimed"])
        self._cancel(cast.sender, pool["claimed"])
        self._claim(cast.other, pool["claimed by another"])
        self._revoke(cast.sender, pool["revoked in the pool"])
        self._cancel(cast.sender, pool["cancelled in the pool"])
        return (
            got
            | pool
            | {
                "claimed, then referred again": self._refer_again(cast.sender, pool["claimed"]),
                "rejected, then referred again": self._refer_again(cast.sender, got["rejected"]),
                "cancelled, then referred again": self._refer_again(cast.sender, got["ended"]),
                "sent by its organization": self._refer(cast.twin, cast.other),
            }
        )

    def _refer(self, sender: Enrolled, target: Enrolled | None) -> str:
        to = POOL if target is None else Addressee(service_id=self.services[str(target.organization_id)])
        new = NewReferral(to, Patient("Zaharakis", "Quillfeather"), allow_duplicate=True)
        grants = _grants(sender, "referrals.create")
        return create_referral(self.session, self.keyring, grants, new, now=self.now).id

    def _refer_again(self, sender: Enrolled, id: str) -> str:
        to, grants = self._elsewhere(), _grants(sender, "referrals.create")
        return re_refer(self.session, self.keyring, grants, id, to, now=self.now).id

    def _reassign(self, sender: Enrolled, id: str) -> None:
        grants = _grants(sender, "referrals.act")
        reassign(self.session, self.keyring, grants, id, self._elsewhere(), if_match=1, now=self.now)

    def _elsewhere(self) -> Addressee:
        return Addressee(service_id=self.services[str(self.cast.other.organization_id)])

    def _claim(self, target: Enrolled, id: str) -> None:
        claim(self.session, self.keyring, _grants(target, "referrals.claim"), id, now=self.now)

    def _revoke(self, sender: Enrolled, id: str) -> None:
        revoke_consent(self.session, self.keyring, _grants(sender, "referrals.act"), id, now=self.now)

    def _cancel(self, sender: Enrolled, id: str) -> None:
        self._move(sender, id, Transition("cancelled", Reason("no-longer-needed")))

    def _move(self, mover: Enrolled, id: str, transition: Transition) -> None:
        grants, referral = _grants(mover, "referrals.act"), self.session.get_one(Referral, id)
        move(self.session, self.keyring, grants, id, transition, if_match=referral.version, now=self.now)


def _grants(caller: Enrolled, action: Action) -> Grants:
    return decide(Caller(caller.client_id, caller.organization_id, caller.role, default_scopes(caller.role)), action)
