"""How the table of counties is made from an atlas."""

import json
from pathlib import Path

from resource_api.places.derive_counties import county_of, read_atlas
from resource_api.places.point import Point

# Two squares of ten steps that share the border x = 10: Maryland on the west, Delaware on the east.
ATLAS = {
    "transform": {"scale": [0.1, 0.1], "translate": [-76, 38]},
    "arcs": [
        [[10, 0], [0, 10]],
        [[10, 10], [-10, 0], [0, -10], [10, 0]],
        [[10, 10], [10, 0], [0, -10], [-10, 0]],
        [[50, 50], [1, 0], [-1, 0]],
    ],
    "objects": {
        "counties": {
            "geometries": [
                {"id": "24011", "type": "Polygon", "arcs": [[0, 1]]},
                {"id": "10005", "type": "MultiPolygon", "arcs": [[[2, 0]], [[3]]]},
                {"id": "51610", "type": "Polygon", "arcs": [[3]]},
            ]
        }
    },
}


def test_a_point_gets_the_county_around_it_unless_its_zip_is_of_the_state_next_door(tmp_path: Path) -> None:
    path = tmp_path / "atlas.json"
    path.write_text(json.dumps(ATLAS))
    counties = read_atlas(path)
    assert [county.fips for county in counties] == ["24011", "10005"]  # the third is but a line
    assert county_of(Point(38.5, -75.5), "MD", counties) == "24011"
    assert county_of(Point(38.5, -74.5), "DE", counties) == "10005"
    assert county_of(Point(38.02, -75.02), "DE", counties) == "10005"
    assert county_of(Point(38.5, -75.5), "DE", counties) == "24011"
    assert county_of(Point(37.9, -75.5), None, counties) is None
    assert county_of(Point(37.9, -75.95), None, counties) == "24011"
    assert county_of(Point(35, -75.5), None, counties) is None
