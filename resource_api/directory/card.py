"""WHAT A HIT SAYS: the part of a search hit that does not depend on who asks, rendered once per service.

A card is made from the public document alone, so what that withholds a card cannot tell.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from resource_api.directory.compile_hours import compile_hours
from resource_api.directory.hours import pack
from resource_api.places import zip_timezone

JSON = dict[str, Any]

TEXT_LENGTH = 1_500
_FREE = re.compile(
    r"\W*(none|free|no (?:fees?|charges?|costs?)(?: for services?)?|free of charge|all services are free|"
    r"gratis|gratuito)\W*",
    re.IGNORECASE,
)
_PRICED = re.compile(r"\$\s?\d|\bco-?pay|\bsliding|\bfee for service|\binsurance\b", re.IGNORECASE)


def write_card(service: JSON, *, today: date) -> JSON:
    """Write the card of a rendered service, its hours compiled from `today` on."""
    organization = service.get("organization", {})
    card: JSON = {
        "service_id": service["id"],
        "service_name": service["name"],
        "organization_id": service.get("organization_id"),
        "organization_name": organization.get("name"),
        "status": service["status"],
        "phones": [_write_phone(p) for p in _phones(service)][:6],
        "languages": _languages(service),
        "cost": {"free": read_free(service), "text": service.get("fees_description") or service.get("fees")},
        "eligibility": {
            "text": service.get("eligibility_description"),
            "minimum_age_months": age_months(service, "minimum_age"),
            "maximum_age_months": age_months(service, "maximum_age"),
            "life_stages": service.get("life_stages"),
        },
        "accepts_referrals": service.get("accepts_referrals"),
        "capacity_status": service.get("capacity_status"),
        "availability_until": service.get("availability_until"),
        "availability_note": service.get("availability_note"),
        "alert": service.get("alert"),
        "url": service.get("url") or organization.get("website"),
        "text": (service.get("description") or organization.get("description") or "")[:TEXT_LENGTH],
        "assured_date": service.get("assured_date"),
        "source": _write_source(service),
        "sites": [_write_site(service, site, today) for site in service.get("service_at_locations", ())],
    }
    return {key: value for key, value in card.items() if value is not None}


def read_free(service: JSON) -> bool | None:
    """Tell whether a service costs nothing; None where it does not say."""
    options = service.get("cost_options", ())
    if options and all(option.get("amount") == 0 for option in options):
        return True
    if any(option.get("amount", 0) > 0 for option in options):
        return False
    text = service.get("fees_description") or service.get("fees") or ""
    if _FREE.fullmatch(text):
        return True
    return False if _PRICED.search(text) else None


def age_months(service: JSON, field: str) -> float | None:
    """Get an age limit in months: the exact profile field, else HSDS's years."""
    months = service.get(f"{field}_months")
    if months is not None:
        return float(months)
    years = service.get(field)
    if years is None:
        return None
    # HSDS's maximum age is inclusive: "up to 5" still takes a child of five years and eleven months.
    return float(years) * 12 + (11.99 if field == "maximum_age" and float(years).is_integer() else 0)


def _write_source(service: JSON) -> JSON:
    out = {"name": service.get("source", {}).get("name", "local")}
    if "original_id" in service:
        out["id"] = service["original_id"]
    return out


def _phones(service: JSON) -> Iterable[JSON]:
    places = [
        service,
        *service.get("service_at_locations", ()),
        *(site.get("location", {}) for site in service.get("service_at_locations", ())),
        *service.get("contacts", ()),
        service.get("organization", {}),
    ]
    seen: set[str] = set()
    for place in places:
        for phone in place.get("phones", ()):
            if phone["number"] not in seen and phone.get("type", "voice").lower() != "fax":
                seen.add(phone["number"])
                yield phone
        if seen and place is not service and place is service.get("organization"):
            return


def _write_phone(phone: JSON) -> JSON:
    out = {"number": phone["number"]}
    extension = phone.get("extension_text") or phone.get("extension")
    if extension is not None:
        out["extension"] = str(extension)
    for key in ("type", "description"):
        if phone.get(key):
            out[key] = phone[key]
    return out


def _languages(service: JSON) -> list[JSON]:
    rows = list(service.get("languages", ()))
    for site in service.get("service_at_locations", ()):
        rows.extend(site.get("location", {}).get("languages", ()))
    found: dict[str, JSON] = {}
    for row in rows:
        out = {key: row[key] for key in ("code", "name") if row.get(key)}
        if out:
            found.setdefault(str(out.get("code") or out.get("name")), out)
    return list(found.values())


def _write_site(service: JSON, site: JSON, today: date) -> JSON:
    location = site.get("location", {})
    out: JSON = {"service_at_location_id": site["id"], "location": _write_location(location)}
    # The nearest say counts: hours of this service here, else of the service, else of the building.
    schedules = site.get("schedules") or service.get("schedules") or location.get("schedules")
    if schedules:
        timezone = zip_timezone(out["location"].get("postal_code", ""))
        hours = compile_hours(schedules, default_timezone=timezone, today=today)
        if hours is not None:
            out["hours"] = pack(hours)
    return out


def _write_location(location: JSON) -> JSON:
    out: JSON = {"id": location.get("id"), "type": location.get("location_type")}
    if location.get("confidential"):
        return out | {"confidential": True}
    for key in ("name", "latitude", "longitude"):
        if key in location:
            out[key] = location[key]
    for address in location.get("addresses", ())[:1]:
        street = ", ".join(a for a in (address.get("address_1"), address.get("address_2")) if a)
        out["address"] = street
        for key in ("city", "state_province", "postal_code", "country"):
            out[key] = address.get(key)
    accessibility = [a["description"] for a in location.get("accessibility", ()) if a.get("description")]
    if accessibility:
        out["accessibility"] = accessibility
    if location.get("transportation"):
        out["transportation"] = location["transportation"]
    return {key: value for key, value in out.items() if value not in (None, "")}
