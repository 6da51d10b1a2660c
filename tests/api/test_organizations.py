import pytest

from resource_api.api.schemas.organization import OrganizationSchema
from resource_api.api.schemas.service import ServiceSchema  # noqa: F401 - named by OrganizationSchema
from tests.api.small_directory import id_of


def contents(client, query=""):
    response = client.get(f"/organizations{query}")
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_json()["contents"]


def test_a_list_shows_one_to_one_fields(directory):
    assert {o["name"] for o in contents(directory)} == {"Harbor Pantry", "Cradle Room", "Quiet House"}
    assert all("locations" not in organization for organization in contents(directory))


def test_an_organization_names_its_services_and_describes_them_when_asked(directory):
    url = f"/organizations/{id_of('Harbor Pantry')}"
    plain = directory.get(url).get_json()
    assert plain["services"] == [
        {"id": id_of("Harbor Pantry/service"), "name": "Harbor Pantry help", "status": "active"}
    ]
    whole = directory.get(f"{url}?full_service=true").get_json()
    assert whole["services"] == [directory.get(f"/services/{id_of('Harbor Pantry/service')}").get_json()]
    assert whole | {"services": 0} == plain | {"services": 0}


@pytest.mark.parametrize("query", ["", "&full=true", "&format=ndjson"])
def test_lists_describe_services_in_full_when_asked(directory, query):
    response = directory.get(f"/organizations?search=harbor&full_service=true{query}")
    assert b'"extension_text":"07"' in response.get_data()


def test_organizations_are_found_by_the_terms_of_their_services(directory):
    [found] = contents(directory, f"?taxonomy_term_id={id_of('Diapers')}")
    assert found["name"] == "Cradle Room"
    assert {o["name"] for o in contents(directory, f"?taxonomy_id={id_of('taxonomy')}")} == {
        "Cradle Room",
        "Harbor Pantry",
    }
    assert contents(directory, f"?taxonomy_term_id={id_of('Diapers')}&search=pantry") == []


def test_an_unknown_organization_is_not_found(directory):
    assert directory.get(f"/organizations/{id_of('nobody')}").status_code == 404


def test_stored_organizations_are_as_their_schema_says(directory):
    for organization in contents(directory, "?full=true&full_service=true"):
        assert OrganizationSchema().validate(organization) == {}
