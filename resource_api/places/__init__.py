"""WHERE THINGS ARE: points, areas, ZIP codes, cities and states, and how people write them."""

from resource_api.places.city import STATES, City, fold_place, state_code, us_cities
from resource_api.places.point import (
    EARTH_RADIUS_M,
    Box,
    Point,
    bounding_box,
    geojson_bounds,
    haversine_m,
    point_in_geojson,
)
from resource_api.places.read_place import (
    CityPlace,
    PlaceNotUnderstood,
    PointPlace,
    ZipPlace,
    read_distance,
    read_place,
)
from resource_api.places.state_check import MendedPoint, mend_coordinates, point_fits_state
from resource_api.places.zip import (
    County,
    county_of_zip,
    nearest_zip,
    read_zip,
    state_of_zip,
    zip_point,
    zip_timezone,
)

__all__ = [
    "EARTH_RADIUS_M",
    "STATES",
    "Box",
    "City",
    "CityPlace",
    "County",
    "MendedPoint",
    "PlaceNotUnderstood",
    "Point",
    "PointPlace",
    "ZipPlace",
    "bounding_box",
    "county_of_zip",
    "fold_place",
    "geojson_bounds",
    "haversine_m",
    "mend_coordinates",
    "nearest_zip",
    "point_fits_state",
    "point_in_geojson",
    "read_distance",
    "read_place",
    "read_zip",
    "state_code",
    "state_of_zip",
    "us_cities",
    "zip_point",
    "zip_timezone",
]
