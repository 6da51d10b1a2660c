"""WHO THE PERSON IS: as JSON to be sealed, as a band of ages, and as what an organization can find them by again."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from resource_api.database import Base
from resource_api.prepared import Prepared
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.referral import ContactSafety, Identifier, Patient
from resource_api.referrals.tables import ReferralKey

JSON = dict[str, Any]

_KEYS = Base.metadata.tables[ReferralKey.__tablename__]
_ADD = Prepared(insert(_KEYS))
_BANDS = ((1, "0"), (6, "1-5"), (13, "6-12"), (18, "13-17"), (25, "18-24"), (65, "25-64"))
# How a person is told from others: never by a birth date alone.
SAME_PERSON = ("identifier", "name_and_birth")


def write_patient(patient: Patient) -> JSON:
    """Write a person as JSON, without what is not known."""
    out: JSON = {"name": {"given": patient.given, "family": patient.family}}
    if patient.birth_date is not None:
        out["birth_date"] = patient.birth_date.isoformat()
    for name in ("phone", "email", "language"):
        if getattr(patient, name) is not None:
            out[name] = getattr(patient, name)
    if patient.identifiers:
        out["identifiers"] = write_identifiers(patient.identifiers)
    if patient.contact_safety is not None:
        said = {name: value for name, value in asdict(patient.contact_safety).items() if value is not None}
        if said:
            out["contact_safety"] = said
    return out


def read_patient(written: JSON) -> Patient:
    """Read a person from JSON as we write it."""
    safety = written.get("contact_safety")
    return Patient(
        given=written["name"]["given"],
        family=written["name"]["family"],
        birth_date=date.fromisoformat(written["birth_date"]) if "birth_date" in written else None,
        phone=written.get("phone"),
        email=written.get("email"),
        language=written.get("language"),
        identifiers=read_identifiers(written.get("identifiers")),
        contact_safety=ContactSafety(**safety) if safety else None,
    )


def write_identifiers(identifiers: Iterable[Identifier]) -> list[JSON]:
    """Write identifiers as JSON."""
    return [{"system": each.system, "value": each.value} for each in identifiers]


def read_identifiers(written: list[JSON] | None) -> tuple[Identifier, ...]:
    """Read identifiers from JSON as we write it."""
    return tuple(Identifier(**each) for each in written or ())


def age_band(born: date | None, today: date) -> str | None:
    """Tell in which band of ages (in years) somebody is."""
    if born is None:
        return None
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return next((band for below, band in _BANDS if years < below), "65+")


def index_person(
    session: Session,
    keyring: Keyring,
    referral_id: str,
    organization_id: str,
    patient: Patient,
    identifiers: Iterable[Identifier],
) -> None:
    """Let an organization find a referral again by its person, and by what it calls the referral itself."""
    add_person(session, person_rows(keyring, referral_id, (organization_id,), patient, identifiers))


def person_rows(
    keyring: Keyring,
    referral_id: str,
    organizations: Iterable[str],
    patient: Patient,
    identifiers: Iterable[Identifier],
) -> list[dict[str, Any]]:
    """Make the rows by which organizations find a referral again."""
    found = {*person_keys(patient), *(("referral", join_identifier(each)) for each in identifiers)}
    return [
        {
            "referral_id": referral_id,
            "organization_id": organization_id,
            "field": field,
            "blind": keyring.blind(organization_id, field, value),
        }
        for organization_id in organizations
        for field, value in sorted(found)
    ]


def add_person(session: Session, rows: list[dict[str, Any]]) -> None:
    """Write the rows by which organizations find a referral again."""
    if rows:
        _ADD.run(session, *rows)


def forget_person(session: Session, referral_id: str, organization_id: str | None = None) -> None:
    """Let an organization, or everybody, find a referral no longer."""
    gone = delete(_KEYS).where(_KEYS.c.referral_id == referral_id)
    if organization_id is not None:
        gone = gone.where(_KEYS.c.organization_id == organization_id)
    session.connection().execute(gone)


def person_keys(patient: Patient) -> Iterator[tuple[str, str]]:
    """Yield (field, normalised value) of all by which a person may be found."""
    for each in patient.identifiers:
        yield "identifier", join_identifier(each)
    if patient.birth_date is not None:
        yield "name_and_birth", f"{fold(patient.given)}|{fold(patient.family)}|{patient.birth_date.isoformat()}"
    if patient.phone:
        yield "phone", fold_phone(patient.phone)
    if patient.email:
        yield "email", patient.email.strip().casefold()


def fold(text: str) -> str:
    """Fold a name: case, accents and spaces tell nobody from another."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def fold_phone(text: str) -> str:
    """Fold a telephone number to E.164, or to its digits where it is none."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        return "".join(c for c in text if c.isdigit())
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def join_identifier(identifier: Identifier) -> str:
    """Fold an identifier: systems are URLs or names, values are kept as written but for case."""
    return (
        f"{identifier.system.strip().casefold()}|{unicodedata.normalize('NFKC', identifier.value).strip().casefold()}"
    )
