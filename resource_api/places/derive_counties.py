"""Which county is each ZIP code in? Remakes zip_county.txt.gz.

Run python -m resource_api.places.derive_counties ATLAS; README.md beside this file tells where to get it.
"""

import gzip
import json
import sys
from pathlib import Path

from resource_api.places.point import Box, Point, geojson_bounds, haversine_m, point_in_geojson
from resource_api.places.zip import all_zips, counties_by_fips, state_of_zip

_STATE_BY_FIPS = {county.fips[:2]: county.state for county in counties_by_fips().values()}
_Ring = list[tuple[float, float]]
_SHORE_M = 30_000.0  # how far off a county's edge a centroid may lie: ZIPs of islands and harbours
_BORDER_M = 10_000.0  # how far a centroid may stray over the line of the state its ZIP is addressed in


class _County:
    def __init__(self, fips: str, polygons: list[list[_Ring]]) -> None:
        self.fips = fips
        self.state = _STATE_BY_FIPS[fips[:2]]
        self.shape = {"type": "MultiPolygon", "coordinates": polygons}
        self.bounds: Box = geojson_bounds(self.shape)
        self.vertices = [Point(y, x) for polygon in polygons for x, y in polygon[0]]

    def is_near(self, point: Point) -> bool:
        south, west, north, east = self.bounds
        return south - 1 < point.latitude < north + 1 and west - 1 < point.longitude < east + 1

    def contains(self, point: Point) -> bool:
        return self.bounds.contains(point) and point_in_geojson(point, self.shape)

    def distance_m(self, point: Point) -> float:
        return min(haversine_m(point, vertex) for vertex in self.vertices)


def read_atlas(path: Path) -> list[_County]:
    """Decode the counties of a TopoJSON file (topojson-specification, 2.1.2 to 2.1.4)."""
    atlas = json.loads(path.read_bytes())
    (scale_x, scale_y), (west, south) = atlas["transform"]["scale"], atlas["transform"]["translate"]
    arcs = []
    for deltas in atlas["arcs"]:
        x = y = 0
        arc = []
        for dx, dy in deltas:
            x, y = x + dx, y + dy
            arc.append((x * scale_x + west, y * scale_y + south))
        arcs.append(arc)

    def ring(indexes: list[int]) -> _Ring:
        whole: _Ring = []
        for index in indexes:  # ~index is a shared border walked backwards; arcs meet in one shared position
            arc = arcs[index] if index >= 0 else arcs[~index][::-1]
            whole += arc[1:] if whole else arc
        return whole

    counties = []
    for shape in atlas["objects"]["counties"]["geometries"]:
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        # Simplified islets and enclaves can shrink to a line, which encloses nothing.
        drawn = [[r for r in map(ring, polygon) if len(r) > 3] for polygon in polygons]
        if polygons := [rings for rings in drawn if rings]:
            counties.append(_County(shape["id"], polygons))
    return counties


def county_of(point: Point, state: str | None, counties: list[_County]) -> str | None:
    """Choose the county around a point, else the nearest; one of the state its ZIP belongs to comes first."""
    near = [county for county in counties if county.is_near(point)]
    around = next((county for county in near if county.contains(point)), None)
    if around and state in (None, around.state):
        return around.fips
    reach = _BORDER_M if around else _SHORE_M
    others = [county for county in near if not around or county.state == state]
    distance, fips = min(((c.distance_m(point), c.fips) for c in others), default=(reach, ""))
    return fips if distance < reach else around.fips if around else None


def main() -> None:
    """Write "zip,fips" lines, sorted, beside this file."""
    counties = read_atlas(Path(sys.argv[1]))
    found = {code: county_of(point, state_of_zip(code), counties) for code, point in all_zips().items()}
    for code in [code for code, fips in found.items() if fips == "02261"]:
        # Valdez-Cordova was divided in 2019, after this atlas: Chugach on the coast, Copper River inland.
        found[code] = "02063" if all_zips()[code].latitude < 61.35 else "02066"
    lines = "".join(f"{code},{fips}\n" for code, fips in found.items() if fips)
    packed = gzip.compress(lines.encode("ascii"), mtime=0)  # no clock in it: same data, same bytes
    Path(__file__).with_name("zip_county.txt.gz").write_bytes(packed)
    print(f"{lines.count(chr(10))} of {len(all_zips())} ZIP codes, {len(packed)} bytes")


if __name__ == "__main__":
    main()
