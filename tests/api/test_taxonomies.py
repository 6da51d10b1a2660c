from resource_api.api.schemas.record import TaxonomySchema, TaxonomyTermSchema
from tests.api.small_directory import id_of


def names(client, url):
    response = client.get(url)
    assert response.status_code == 200, response.get_data(as_text=True)
    return [record["name"] for record in response.get_json()["contents"]]


def test_taxonomies_are_listed_searched_and_shown(directory):
    assert names(directory, "/taxonomies") == ["Kinds of help"]
    assert names(directory, "/taxonomies?search=help") == ["Kinds of help"]
    assert names(directory, "/taxonomies?search=harm") == []
    shown = directory.get(f"/taxonomies/{id_of('taxonomy')}").get_json()
    assert shown["description"] == "Our own"
    assert TaxonomySchema().validate(shown) == {}


def test_terms_are_listed_by_taxonomy_and_show_it(directory):
    assert set(names(directory, f"/taxonomy_terms?taxonomy_id={id_of('taxonomy')}")) == {"Diapers", "Food pantry"}
    assert names(directory, f"/taxonomy_terms?taxonomy_id={id_of('other')}") == []
    assert names(directory, f"/taxonomy_terms?parent_id={id_of('Diapers')}") == []
    assert len(names(directory, "/taxonomy_terms?top_only=true")) == 2
    shown = directory.get(f"/taxonomy_terms/{id_of('Diapers')}").get_json()
    assert shown["taxonomy_detail"]["name"] == "Kinds of help"
    assert TaxonomyTermSchema().validate(shown) == {}


def test_twins_and_streams_answer_alike(directory):
    for url in ("/taxonomies", "/taxonomy_terms"):
        assert directory.post(url).get_json() == directory.get(url).get_json()
        lines = directory.get(f"{url}?format=ndjson").get_data().splitlines()
        assert len(lines) == directory.get(url).get_json()["total_items"]


def test_what_is_not_there_is_not_found(directory):
    for url in ("/taxonomies", "/taxonomy_terms"):
        assert directory.get(f"{url}/{id_of('nothing')}").status_code == 404
