"""The pure readers: ids, ages, phones, languages, texts, addresses, life stages, hours."""

import contextlib
import hashlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.directory.load.identify import NAMESPACE, derive_id, is_uuid, read_id
from resource_api.directory.load.mend_address import mend_address, mend_point, says_confidential
from resource_api.directory.load.mend_language import read_languages
from resource_api.directory.load.mend_phone import read_phones
from resource_api.directory.load.mend_text import has_html, strip_html, tidy_line, tidy_prose
from resource_api.directory.load.ohana_hours import read_american_date, read_holiday, read_weekday
from resource_api.directory.load.read_ages import read_ages
from resource_api.directory.load.read_life_stages import read_life_stages
from resource_api.directory.load.read_values import BadValue, converters_of
from resource_api.directory.load.report import Report


@given(st.text(), st.text(), st.text())
def test_a_derived_id_is_the_uuid5_that_anyone_can_compute(source, table, original):
    name = f"{source}|{table}|{original}".encode("utf-8", "surrogatepass")
    expected = uuid.UUID(bytes=hashlib.sha1(NAMESPACE.bytes + name).digest()[:16], version=5)
    assert derive_id(source, table, original) == str(expected)


def test_a_derived_id_is_what_pythons_own_uuid5_makes():
    assert derive_id("baltimore", "service", "143903") == str(uuid.uuid5(NAMESPACE, "baltimore|service|143903"))


def test_a_uuid_is_kept_in_small_letters_and_anything_else_is_derived():
    kept = "AC148810-D857-441C-9679-408F346DE14B"
    assert read_id("a", "service", kept) == kept.lower()
    assert read_id("a", "service", "12") != read_id("b", "service", "12")
    assert not is_uuid("12")
    assert not is_uuid("g" * 36)


@pytest.mark.parametrize(
    ("text", "low", "high", "low_months", "high_months"),
    [
        ("Ages 18 and over", 18, None, None, None),
        ("18+", 18, None, None, None),
        ("birth to 5 years", 0, 5, None, None),
        ("0-36 months", 0, 3, 0, 36),
        ("60 and older", 60, None, None, None),
        ("under 21", None, 20, None, None),
        ("adults 18 and older", 18, None, None, None),
        ("Adults, ages 18 and older. See notes.", 18, None, None, None),
        ("6 weeks to 5 years", 0.08, 5, 1, None),
        ("Open to anyone over 16.", 16, None, None, None),
        ("Children birth to age 2.", 0, 2, None, 35),
        ("Ages 2 -14 years old.", 2, 14, 24, None),
        ("Persons 14 years of age and older", 14, None, None, None),
        ("under 6 months", None, 0.42, None, 5),
        ("newborn to 12 months", 0, 1, 0, 12),
        ("Children under the age of five", None, 4, None, None),
        ("Client must be at least 62 years old", 62, None, None, None),
        ("between the ages of 13 and 18 years", 13, 18, None, None),
        ("Up to age 3", None, 3, None, None),
        ("Youth 12 and younger", None, 12, None, None),
        ("Minimum age 16", 16, None, None, None),
    ],
)
def test_a_clear_statement_of_age_is_read(text, low, high, low_months, high_months):
    ages = read_ages(text)
    assert ages is not None
    assert (ages.minimum.years if ages.minimum else None) == low
    assert (ages.maximum.years if ages.maximum else None) == high
    assert (ages.minimum_months, ages.maximum_months) == (low_months, high_months)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "children under 5 eat free",
        "Children up to age 19, and pregnant women of any age.",
        "Pregnant women, new mothers and households with children under 5 years old.",
        "Alateen groups 11-18 years old. Al-Anon groups 18 and older",
        "Seniors 60 years or older. Spouses of any age.",
        "Must be disabled or at least 62 years of age",
        "Open to anyone. Women's Health Screening Program is for low-income women, ages 40-64.",
        "60 and older and persons with low to moderate income.",
        "Senior citizens and people with disabilities under the age of 65.",
        "Limited income persons up to age 59.  Senior citizens, ages 60 and older, have no income limitations.",
        "Income over 150% of poverty",
        "Hours 9-5",
        "Low-income parents with children ages 3-5.",
        "Women and children under 5",
        "Open to any resident. Counseling for ages 3 and up.",
        "ages 18-5",
        "Must be 18 years of age or older to become a child care provider.",
        "x" * 400 + " ages 18 and older",
    ],
)
def test_an_age_that_is_not_certain_is_left_in_the_prose(text):
    assert read_ages(text) is None


@given(st.text())
def test_no_text_is_too_strange_to_be_asked_for_ages(text):
    ages = read_ages(text)
    assert ages is None or ages.minimum or ages.maximum


@given(st.sampled_from(["ages {} and older", "{}-{} months", "under {}", "birth to {}"]), st.integers(0, 10**6))
def test_every_age_that_is_read_is_one_that_people_reach(form, number):
    ages = read_ages(form.replace("{}", str(number)))
    for age in (ages.minimum, ages.maximum) if ages else ():
        assert age is None or 0 <= age.years <= 110


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("(410) 555-1234", [("(410) 555-1234", None, None)]),
        ("4105551234", [("(410) 555-1234", None, None)]),
        ("1-410-555-1234", [("(410) 555-1234", None, None)]),
        ("410-555-1234 ext 12 (ask for Ann)", [("(410) 555-1234", "12", "ask for Ann")]),
        ("(410) 555-1234 x0123", [("(410) 555-1234", "0123", None)]),
        ("410.555.1234 or 443-555-9876", [("(410) 555-1234", None, None), ("(443) 555-9876", None, None)]),
        (
            "410-555-1234 (English), 410-555-1235 (Spanish)",
            [("(410) 555-1234", None, "English"), ("(410) 555-1235", None, "Spanish")],
        ),
        ("988", [("988", None, None)]),
        ("(211)    -", [("211", None, None)]),
        ("Call 211", [("211", None, None)]),
        ("741741", [("741741", None, None)]),
        ("text HOME to 741741", [("741741", None, "text HOME to 741741")]),
        ('"+44 1234 234567"', [("+44 1234 234567", None, None)]),
        ("1-800-273-TALK", [("(800) 273-8255", None, "1-800-273-TALK")]),
        ("(   ) -  -    ", []),
        ("none", []),
    ],
)
def test_a_phone_cell_is_read_as_the_numbers_in_it(text, numbers):
    cell = read_phones(text)
    assert [(p.number, p.extension, p.description) for p in cell.phones] == numbers
    assert cell.doubt is None


@pytest.mark.parametrize("text", ["(140) 225-0742", "(410) 526-985", "(F41) 396-5550", "555-1234", "123-456-7890"])
def test_a_number_that_cannot_be_dialled_is_kept_as_given_and_doubted(text):
    cell = read_phones(text)
    assert [p.number for p in cell.phones] == [text]
    assert cell.doubt is not None
    assert text in cell.doubt


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_no_text_is_too_strange_for_a_phone_cell(text):
    for phone in read_phones(text).phones:
        assert phone.number.strip()


@pytest.mark.parametrize(
    ("text", "codes", "has_prose"),
    [
        ("Spanish.", ["es"], False),
        ("Spanish, ASL", ["es", "ase"], False),
        ("Spanish; Russian", ["es", "ru"], False),
        ("French, Russian and Hebrew.", ["fr", "ru", "he"], False),
        ("Chinese (Mandarin), Tagalog", ["cmn", "tl"], False),
        ("Spanish (limited).", ["es"], False),
        ("Accommodations possible.", [], True),
        ("Spanish.  Other accommodations possible.", ["es"], True),
        ("Spanish and other accommodations are possible.", ["es"], True),
        ("Publications available in Spanish.", [], True),
        ("Spanish (application form only).", [], True),
        ("Will try to make accommodations for Russian, Hebrew, and Yiddish.", [], True),
        ("Language line.", [], True),
        ("Klingon", [], True),
    ],
)
def test_only_what_is_certainly_a_language_becomes_one(text, codes, has_prose):
    cell = read_languages(text)
    assert [language.code for language in cell.languages] == codes
    assert (cell.prose is not None) is has_prose


def test_what_a_cell_adds_to_a_language_is_kept_as_its_note():
    assert read_languages("Spanish (Mondays)").languages[0].note == "Mondays"


@given(st.text())
def test_a_cell_of_languages_always_keeps_what_it_could_not_read(text):
    cell = read_languages(text)
    assert cell.languages or cell.prose is not None


def test_html_becomes_plain_text_with_its_paragraphs():
    html = "<p>First&nbsp;one.</p><ul><li>Food</li><li>Rent</li></ul><script>alert(1)</script><a href='http://x.org'>Site</a>"
    text = tidy_prose(strip_html(html))
    assert text == "First one.\n\n- Food\n- Rent\n\nSite (http://x.org)"


@pytest.mark.parametrize("text", ["Children <5 years", "AT&T", "a < b > c", "Mom & Dad"])
def test_signs_that_are_no_html_stay(text):
    assert not has_html(text)


def test_html_that_was_escaped_twice_is_plain_after_one_load():
    assert strip_html("&amp;lt;b&amp;gt;Food&amp;lt;/b&amp;gt;") == "Food"


@given(st.text())
def test_a_tidied_text_stays_as_it_is(text):
    assert tidy_line(tidy_line(text)) == tidy_line(text)
    assert tidy_prose(tidy_prose(text)) == tidy_prose(text)
    stripped = strip_html(text)
    assert isinstance(stripped, str)


@pytest.mark.parametrize(
    "street",
    ["Confidential", "Confidential Address", "Undisclosed", "undisclosed location", "Call for address",
     "(Confidential)", "Address is confidential", "Location withheld", "Private"],
)  # fmt: skip
def test_an_address_that_says_it_is_secret_is_believed(street):
    assert says_confidential({"address_1": street})


@pytest.mark.parametrize("street", ["", "1 Private Road", "Confidential Records Building, 5 Main St", "Call Street 5"])
def test_a_street_that_only_sounds_secret_is_not(street):
    assert not says_confidential({"address_1": street})


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ({"country": "us", "state_province": "MD"}, {"country": "US", "state_province": "MD"}),
        ({"country": "USA", "state_province": "Maryland"}, {"country": "US", "state_province": "MD"}),
        ({"state_province": "md", "postal_code": "212151234"},
         {"country": "US", "state_province": "MD", "postal_code": "21215-1234"}),
        ({"country": "US", "state_province": "MA", "postal_code": "2139"},
         {"country": "US", "state_province": "MA", "postal_code": "02139"}),
        ({"country": "US", "state_province": "MD", "postal_code": "2139"},
         {"country": "US", "state_province": "MD", "postal_code": "2139"}),
        ({"country": "Canada", "state_province": "Ontario", "postal_code": "K1A 0B1"},
         {"country": "CA", "state_province": "Ontario", "postal_code": "K1A 0B1"}),
        ({"country": "gb"}, {"country": "GB"}),
        ({"state_province": "Bavaria"}, {"state_province": "Bavaria"}),
    ],
)  # fmt: skip
def test_an_address_is_written_alike_where_that_is_certain(given_, wanted):
    address = dict(given_)
    list(mend_address(address))
    assert address == wanted | {"address_type": "physical"}


def test_coordinates_are_mended_by_the_address():
    location = {"latitude": -76.6, "longitude": 39.3}
    mended, doubt = mend_point(location, [{"address_type": "physical", "state_province": "MD", "postal_code": "21201"}])
    assert (location["latitude"], location["longitude"]) == (39.3, -76.6)
    assert mended is not None
    assert doubt is None


def test_half_a_point_is_no_point():
    location = {"latitude": 39.3}
    assert mend_point(location, []) == (None, "only one of latitude and longitude is given")
    assert location == {}


@pytest.mark.parametrize(
    ("text", "stages"),
    [("Pregnant women.", "pregnant"), ("Low-income pregnant women", "pregnant"), ("Infants only.", "infant"),
     ("Pregnant and postpartum women", "pregnant;postpartum"), ("Senior citizens.", "older-adult"),
     ("Pregnant women and their infants", "pregnant;infant"),
     ("Pregnant women and anyone in need", None), ("Families", None), ("Seniors and disabled", None)],
)  # fmt: skip
def test_life_stages_are_read_only_where_nothing_else_is_said(text, stages):
    assert read_life_stages(text) == stages


def test_ohanas_weekdays_and_holidays_become_schedules():
    weekday = read_weekday({"weekday": "Monday", "opens_at": "9am", "closes_at": "17:00", "service_id": "1"})
    assert weekday == {
        "service_id": "1", "freq": "WEEKLY", "interval": 1, "byday": "MO", "opens_at": "9am", "closes_at": "17:00",
    }  # fmt: skip
    assert read_weekday({"weekday": "someday"}) is None
    assert read_weekday({"weekday": "3"})["byday"] == "WE"
    closed = read_holiday({"start_date": "12/24/2015", "end_date": "12/24/15", "closed": "true", "location_id": "2"})
    assert closed == {
        "location_id": "2", "valid_from": "2015-12-24", "valid_to": "2015-12-24", "description": "Closed",
    }  # fmt: skip
    yearly = read_holiday({"start_date": "January 01, 0001", "end_date": "January 01, 0001", "closed": "true"})
    assert yearly == {"description": "Closed every year, January 1"}
    assert read_holiday({"start_date": "soon"}) is None
    assert read_american_date("June 1, 2020").isoformat() == "2020-06-01"


def read(noun, column, value):
    return converters_of(noun)[column](value, Report())


@pytest.mark.parametrize(
    ("noun", "column", "value", "wanted"),
    [
        ("service", "url", "www.example.org/a", "http://www.example.org/a"),
        ("service", "url", "https://example.org/café", "https://example.org/caf%C3%A9"),
        ("organization", "website", "http://example.org `", "http://example.org"),
        ("service", "email", "mailto:a@example.org", "a@example.org"),
        ("service", "minimum_age", "18", 18.0),
        ("service", "minimum_age", 2.5, 2.5),
        ("location", "latitude", "1,234.5", 1234.5),
        ("service", "assured_date", "2020-01-02 00:00:00", "2020-01-02"),
        ("service", "assured_date", "4/25/2019", "2019-04-25"),
        ("service", "last_modified", "2020-01-02", "2020-01-02T00:00:00Z"),
        ("service", "last_modified", "2023-03-15T10:30:45.123Z", "2023-03-15T10:30:45.123Z"),
        ("schedule", "opens_at", "24:00", "00:00"),
        ("schedule", "opens_at", "4:00 PM", "16:00"),
        ("schedule", "opens_at", "10:00:00", "10:00:00"),
        ("service", "status", "Active", "active"),
        ("service", "accepts_referrals", True, "yes"),
        ("service", "life_stages", "infant; pregnant", "pregnant;infant"),
        ("service", "life_stages", ["teen"], "teen"),
        ("service", "needs", [{"need": "food", "certainty": "given"}, {"need": "rent", "certainty": "words"}], "food"),
        ("address", "address_type", "mailing", "postal"),
        ("location", "confidential", "perhaps", True),
        ("location", "confidential", "false", False),
        ("phone", "extension", 12, "12"),
        ("service", "minimum_age_months", "6", 6),
    ],
)
def test_a_value_is_read_as_what_its_column_holds(noun, column, value, wanted):
    assert read(noun, column, value) == wanted


@pytest.mark.parametrize(
    ("noun", "column", "value"),
    [
        ("service", "url", "see our page"),
        ("service", "url", "www.a.org; www.b.org"),
        ("service", "url", "https://example.org/a or call"),
        ("service", "email", "ann at example"),
        ("service", "minimum_age", "eighteen"),
        ("service", "minimum_age", float("inf")),
        ("service", "minimum_age", "nan"),
        ("service", "minimum_age", True),
        ("service", "minimum_age_months", "2.5"),
        ("service", "assured_date", "4/5/2019"),
        ("service", "last_modified", "last week"),
        ("schedule", "opens_at", "25:00"),
        ("schedule", "opens_at", "13 pm"),
        ("schedule", "opens_at", "24:30"),
        ("service", "status", "open"),
        ("service", "life_stages", "wizard"),
        ("service", "name", {"en": "Food"}),
    ],
)
def test_a_value_of_another_kind_is_refused_with_what_would_be_right(noun, column, value):
    with pytest.raises(BadValue) as refused:
        read(noun, column, value)
    assert refused.value.hint


@given(
    st.sampled_from("status url email minimum_age last_modified assured_date life_stages name".split()),
    st.text() | st.integers() | st.floats() | st.booleans() | st.lists(st.text()),
)
def test_no_value_is_too_strange_for_a_column(column, value):
    with contextlib.suppress(BadValue):
        read("service", column, value)
