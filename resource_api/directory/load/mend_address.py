"""HOW AN ADDRESS IS WRITTEN, whether it asks to be kept secret, and whether a point lies where it says."""

import re
from collections.abc import Iterator, Sequence

from resource_api.directory.load.row import Fields
from resource_api.places import mend_coordinates, read_zip, state_code, state_of_zip

_SECRET = re.compile(
    r"\W*(?:(?:this|the|our|exact|street|shelter)\s+)*"
    r"(?:(?:address|location|site)\s*(?:is|kept)?\s*)?"
    r"(?:strictly\s+|kept\s+)?"
    r"(?:confidential|undisclosed|not disclosed|unlisted|withheld|not published|unpublished|private|secret|"
    r"call for (?:the )?(?:address|location|directions|site))"
    r"(?:\s+(?:address|location|site|shelter|street))?\W*",
    re.IGNORECASE,
)
_AMERICA = {"us", "usa", "u.s.", "u.s.a.", "united states", "united states of america", "america"}
_COUNTRIES = {"canada": "CA", "mexico": "MX", "méxico": "MX", "united kingdom": "GB", "uk": "GB"}
_BARE_ZIP = re.compile(r"(\d{5})[\s-]*(\d{4})?")


def says_confidential(address: Fields) -> bool:
    """Tell whether an address says, in place of a street, that it is not to be known."""
    return any(_SECRET.fullmatch(address.get(name) or "") is not None for name in ("address_1", "attention"))


def mend_address(address: Fields) -> Iterator[str]:
    """Mend an address in place, telling what was mended."""
    if "address_type" not in address:
        address["address_type"] = "physical"
        yield "an address without a type read as physical"
    country = address.get("country", "")
    state = address.get("state_province", "")
    known = state_code(state) if state else None
    if country.lower() in _AMERICA and country != "US":
        address["country"] = country = "US"
        yield "the country written as US"
    elif country and len(country) == 2 and country.isalpha() and not country.isupper():
        address["country"] = country = country.upper()
        yield "a country code written in capitals"
    elif country.lower() in _COUNTRIES:
        address["country"] = country = _COUNTRIES[country.lower()]
        yield "a country written as its code"
    elif not country and known is not None:
        address["country"] = country = "US"
        yield "an empty country read as US from the state"
    if country != "US":
        return
    if known is not None and known != state:
        address["state_province"] = state = known
        yield "a state written as its USPS code"
    yield from _mend_zip(address, known)


def _mend_zip(address: Fields, state: str | None) -> Iterator[str]:
    given = address.get("postal_code", "")
    if not given:
        return
    if read := _BARE_ZIP.fullmatch(given):
        wanted = f"{read[1]}-{read[2]}" if read[2] else read[1]
    elif re.fullmatch(r"\d{3,4}", given) and state and state_of_zip(given.zfill(5)) == state:
        # A spreadsheet took the leading zero for a number's.
        wanted = given.zfill(5)
    else:
        return
    if wanted != given:
        address["postal_code"] = wanted
        yield "a ZIP code written as 12345 or 12345-6789"


def mend_point(location: Fields, addresses: Sequence[Fields]) -> tuple[str | None, str | None]:
    """Mend a location's point in place by its address; gives what was mended and what is doubtful."""
    latitude, longitude = location.get("latitude"), location.get("longitude")
    if latitude is None and longitude is None:
        return None, None
    if latitude is None or longitude is None:
        location.pop("latitude", None)
        location.pop("longitude", None)
        return None, "only one of latitude and longitude is given"
    address = next((a for a in addresses if a.get("address_type") == "physical"), None) or next(iter(addresses), {})
    zip5 = read_zip(address.get("postal_code", ""))
    state = address.get("state_province") or (state_of_zip(zip5) if zip5 else None)
    read = mend_coordinates(latitude, longitude, state, zip5)
    if read.point is None:
        del location["latitude"], location["longitude"]
    else:
        location["latitude"], location["longitude"] = read.point.latitude, read.point.longitude
    return (read.mended or "").partition(":")[0] or None, read.doubt
