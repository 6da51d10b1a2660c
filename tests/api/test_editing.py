"""Who may write in the directory, and what then is served, searched and told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.stewards import Stewardship, stewardship
from tests.directory.whole_directory import id_of

VISITS = f"/services/{id_of('visits')}"


@pytest.fixture
def stewards(tmp_path: Path) -> Iterator[Stewardship]:
    with stewardship(tmp_path) as made:
        yield made


def test_a_patched_service_is_served_and_found_at_once(stewards: Stewardship) -> None:
    clinic = stewards.of["clinic"]
    before, etag = clinic.read(VISITS)
    answer = clinic.ask("PATCH", VISITS, {"name": "Zebra visits"}, If_Match=etag)
    assert answer.status_code == 200, answer.text
    after, new = clinic.read(VISITS)
    assert answer.json == after
    assert answer.headers["ETag"].strip('"').removesuffix("-gzip") == new.strip('"').removesuffix("-gzip") != etag
    assert after["name"] == "Zebra visits"
    assert {
        k: v for k, v in after.items() if k not in ("name", "metadata", "last_modified", "service_at_locations")
    } == {k: v for k, v in before.items() if k not in ("name", "metadata", "last_modified", "service_at_locations")}
    found = clinic.get("/search?q=zebra").json
    assert [hit["service_id"] for hit in found["contents"]] == [id_of("visits")]
    told = after["metadata"][-1]
    assert (told["field_name"], told["previous_value"], told["replacement_value"]) == (
        "name",
        "Home visits",
        "Zebra visits",
    )
    assert told["updated_by"] == "Harbor Clinic"
