"""WHICH AREA A SERVICE COVERS: service areas read as codes, and whether one covers a ZIP code.

The codes are `US`, `US-MD` (a state), `US-24005` (a county's FIPS), `Z21215` (a ZIP code). Prose is read only
as far as it is certain: what may lie somewhere inside an area is kept apart from what is covered for sure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from resource_api.directory.area_text import ANYWHERE, read_area_text
from resource_api.places import (
    Point,
    county_of_zip,
    geojson_bounds,
    point_in_geojson,
    state_of_zip,
    zip_point,
)

JSON = dict[str, Any]

NATION = "US"


@dataclass(frozen=True, slots=True)
class Area:
    """An area as far as it is understood.

    `codes` are covered for sure, `shape` is GeoJSON. `unsure` are codes of which only a part may be covered;
    `*` in it means that some of the text was not understood at all.
    """

    codes: frozenset[str]
    shape: JSON | None = None
    unsure: frozenset[str] = frozenset()


def read_area(
    extent_type: str | None,
    extent: str | None,
    name: str | None,
    description: str | None,
    *,
    state: str | None = None,
) -> Area | None:
    """Read an HSDS service_area, or None where nothing certain can be told from it.

    `state` (a USPS code) is where the service is, which settles "statewide" and a county that several states
    have.
    """
    kind = (extent_type or "").strip().lower()
    if kind == "geojson" and extent:
        shape = _read_shape(extent)
        if shape is not None:
            return Area(frozenset(), shape)
    drawn = kind in ("geojson", "topojson", "kml")
    for text, level in [(name, "")] if drawn else [(extent, kind), (name, kind)]:
        area = _read_text(text or "", level, state)
        if area.codes or (area.unsure and ANYWHERE not in area.unsure):
            return area
    # A description is prose: it counts only where every word of it is understood.
    area = _read_text(description or "", "", state)
    return area if area.codes and not area.unsure else None


def covers(area: Area | None, zip5: str, point: Point | None = None) -> bool | None:
    """Tell whether an area covers a ZIP code; None where that cannot be told.

    A shape is asked for `point`, else for the ZIP's centroid.
    """
    if area is None:
        return None
    places = codes_of_zip(zip5)
    if area.codes & places:
        return True
    if area.shape is not None:
        at = point or zip_point(zip5)
        if at is None:
            return None
        if point_in_geojson(at, area.shape):
            return True
    if ANYWHERE in area.unsure or area.unsure & places:
        return None
    counties = {code for code in area.codes if code[3:].isdigit()}
    if counties and county_of_zip(zip5) is None:
        return None
    return False


def codes_of_zip(zip5: str) -> frozenset[str]:
    """List the codes of the areas that a ZIP code lies in, itself included."""
    codes = {NATION, f"Z{zip5}"}
    state, county = state_of_zip(zip5), county_of_zip(zip5)
    if state is not None:
        codes.add(f"US-{state}")
    if county is not None:
        codes |= {f"US-{county.fips}", f"US-{county.state}"}
    return frozenset(codes)


def at_least_a_county(area: Area) -> Area | None:
    """Keep of an area only what is too wide to tell where a confidential site is."""
    codes = frozenset(code for code in area.codes if not code.startswith("Z"))
    return replace(area, codes=codes, shape=None, unsure=frozenset()) if codes else None


@lru_cache(maxsize=10_000)
def _read_text(text: str, level: str, state: str | None) -> Area:
    codes, unsure = read_area_text(text, level, state)
    return Area(codes, None, unsure)


@lru_cache(maxsize=64)
def _read_shape(extent: str) -> JSON | None:
    try:
        shape = json.loads(extent)
    except ValueError:
        return None
    if not isinstance(shape, Mapping):
        return None
    try:
        geojson_bounds(shape)
    except (ValueError, RecursionError):
        return None
    return dict(shape)
