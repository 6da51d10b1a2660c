import json

import pytest

from resource_api.directory.areas import Area, at_least_a_county, codes_of_zip, covers, read_area

SQUARE = {"type": "Polygon", "coordinates": [[[-77, 39], [-76, 39], [-76, 40], [-77, 40], [-77, 39]]]}


def read(name, state=None):
    return read_area(None, None, name, None, state=state)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Baltimore City", {"US-24510"}),
        ("Baltimore, MD", {"US-24510"}),
        ("Baltimore County, MD", {"US-24005"}),
        ("Baltimore County", {"US-24005"}),
        ("Baltimore City, Baltimore County", {"US-24510", "US-24005"}),
        ("Anne Arundel, Howard and Baltimore Counties", {"US-24003", "US-24027", "US-24005"}),
        ("Prince George's County, Maryland", {"US-24033"}),
        ("Maryland", {"US-MD"}),
        ("MD", {"US-MD"}),
        ("State of Maryland", {"US-MD"}),
        ("Maryland statewide", {"US-MD"}),
        ("Maryland, Virginia, and Washington, D.C.", {"US-MD", "US-VA", "US-11001"}),
        ("Residents of Baltimore City only", {"US-24510"}),
        ("United States", {"US"}),
        ("nationwide", {"US"}),
        ("Nationwide.", {"US"}),
        ("21215, 21216", {"Z21215", "Z21216"}),
        ("Zip codes: 21215-1234", {"Z21215"}),
        ("Orleans Parish", {"US-22071"}),
        ("New York City", {"US-36005", "US-36047", "US-36061", "US-36081", "US-36085"}),
        ("Richmond, VA", {"US-51760"}),
    ],
)
def test_certain_prose_is_read_as_codes(text, codes):
    assert read(text) == Area(frozenset(codes))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The service is available to all residents of the MyCity area.",
        "Montgomery County",
        "Baltimore",
        "Statewide",
        "All of Maryland except Baltimore City",
        "Greater Baltimore",
        "DC metro area",
        "within 10 miles of Baltimore City",
        "in me",
        "Washington",
    ],
)
def test_ambiguous_prose_is_not_guessed(text):
    assert covers(read(text), "21215") is None
    assert covers(read(text), "98101") is None


def test_the_state_of_a_service_settles_what_its_area_leaves_open():
    assert read("Statewide", "MD") == Area(frozenset({"US-MD"}))
    assert read("Montgomery County", "MD") == Area(frozenset({"US-24031"}))
    assert read("Montgomery County", "PA") == Area(frozenset({"US-42091"}))


@pytest.mark.parametrize(
    ("level", "extent", "codes"),
    [
        ("state", "Maryland", {"US-MD"}),
        ("state", "New York", {"US-NY"}),
        ("county", "24005", {"US-24005"}),
        ("county", "Howard, MD", {"US-24027"}),
        ("city", "Baltimore, MD", {"US-24510"}),
        ("zip", "21215", {"Z21215"}),
        ("postal_code", "21215; 21216", {"Z21215", "Z21216"}),
        ("nation", "USA", {"US"}),
        ("text", "Maryland", {"US-MD"}),
    ],
)
def test_an_extent_is_read_at_the_level_its_type_says(level, extent, codes):
    assert read_area(level, extent, None, None) == Area(frozenset(codes))


def test_a_range_of_zips_holds_those_between():
    area = read("21201-21231")
    assert covers(area, "21215") is True
    assert covers(area, "21239") is False


def test_geojson_is_asked_for_the_point_or_the_centroid_of_the_zip():
    area = read_area("geojson", json.dumps(SQUARE), "anywhere", None)
    assert area == Area(frozenset(), SQUARE)
    assert covers(area, "21215") is True
    assert covers(area, "98101") is False


def test_broken_geojson_falls_back_to_the_name():
    assert read_area("geojson", "extent", "Maryland", None) == Area(frozenset({"US-MD"}))
    assert read_area("geojson", '{"type": "Point", "coordinates": [0, 0]}', None, None) is None


def test_a_description_counts_only_where_every_word_of_it_is_understood():
    assert read_area(None, None, None, "Baltimore City and Baltimore County") is not None
    assert read_area(None, None, None, "Baltimore City, call for details about it") is None


def test_a_county_excludes_the_zips_of_others_and_a_state_those_of_other_states():
    assert covers(read("Baltimore City"), "21215") is True
    assert covers(read("Baltimore City"), "21093") is False
    assert covers(read("Maryland"), "21093") is True
    assert covers(read("Maryland"), "98101") is False
    assert covers(read("nationwide"), "98101") is True


def test_a_part_of_a_state_excludes_other_states_only():
    assert covers(read("Northern Virginia"), "22003") is None
    assert covers(read("Northern Virginia"), "21215") is False
    assert covers(read("Towson, MD"), "21204") is None
    assert covers(read("Towson, MD"), "98101") is False


def test_what_is_understood_counts_beside_what_is_not():
    area = read("Baltimore City and surrounding counties")
    assert covers(area, "21215") is True
    assert covers(area, "21093") is None


def test_a_zip_lies_in_its_county_its_state_and_the_nation():
    assert codes_of_zip("21215") == {"US", "US-MD", "US-24510", "Z21215"}


def test_only_a_county_or_wider_may_speak_for_a_confidential_site():
    assert at_least_a_county(read("Baltimore City, 21093")) == read("Baltimore City")
    assert at_least_a_county(read("21215")) is None
    assert at_least_a_county(read_area("geojson", json.dumps(SQUARE), None, None)) is None
