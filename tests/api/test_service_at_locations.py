import pytest

from resource_api.api.schemas.service import ServiceAtLocationSchema
from tests.api.small_directory import id_of


def found(client, query=""):
    response = client.get(f"/service_at_locations{query}")
    assert response.status_code == 200, response.get_data(as_text=True)
    return {site["service"]["name"].removesuffix(" help") for site in response.get_json()["contents"]}


EVERYWHERE = {"Harbor Pantry", "Cradle Room", "Quiet House"}


def test_a_list_shows_the_service_and_the_location(directory):
    assert found(directory) == EVERYWHERE
    [site] = directory.get("/service_at_locations?search=harbor").get_json()["contents"]
    assert site["location"]["name"] == "Harbor Pantry hall"


def test_one_is_shown_with_everything(directory):
    site = directory.get(f"/service_at_locations/{id_of('Harbor Pantry/site')}").get_json()
    assert site["location"]["addresses"][0]["postal_code"] == "21215"
    assert site["service"]["phones"][0]["extension_text"] == "07"


def test_a_postcode_asks_for_coverage_and_a_proximity_for_nearness_too(directory):
    assert found(directory, "?postcode=21215") == EVERYWHERE
    assert found(directory, "?postcode=98101") == set()
    assert found(directory, "?postcode=21215&proximity=3000") == {"Harbor Pantry"}
    assert found(directory, "?postcode=21215&proximity=30000.5") == {"Harbor Pantry", "Cradle Room"}
    assert found(directory, "?postcode=21215&search=quiet") == {"Quiet House"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("postcode=99999", "postcode"),
        ("proximity=10", "proximity"),
        ("postcode=21215&proximity=near", "proximity"),
        ("postcode=21215&proximity=-1", "proximity"),
        ("postcode=21215&proximity=1e9", "proximity"),
    ],
)
def test_what_cannot_be_measured_is_refused(directory, query, field):
    response = directory.get(f"/service_at_locations?{query}")
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == field


def test_pages_of_a_postcode_are_counted_rightly(directory):
    page = directory.get("/service_at_locations?postcode=21215&per_page=2&page=2").get_json()
    assert (page["total_items"], page["total_pages"], page["size"], page["last_page"]) == (3, 2, 1, True)


def test_stored_sites_are_as_their_schema_says(directory):
    for site in directory.get("/service_at_locations?full=true").get_json()["contents"]:
        assert ServiceAtLocationSchema().validate(site) == {}
