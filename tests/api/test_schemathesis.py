"""Does every operation do what the OpenAPI says it does? Asked by schemathesis, with every check it has.

Nothing is relaxed but this: the operations below may refuse what is well-formed, because what a text means, or how two
parameters go together, is beyond a schema.
"""

from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig

from resource_api import create_app
from resource_api.settings import Settings
from tests.api.conftest import close, make_directory

PAGES = "`page` with `format=ndjson`, which has no pages"
REFUSE_WHAT_IS_WELL_FORMED = {
    "GET /search": "a place, time, distance or code that means nothing",
    "POST /search": "a place, time, distance or code that means nothing",
    "POST /oauth/token": "who proves nothing gets no token",
    "GET /needs": "a clinical code that means nothing",
    "GET /audit": "a time out of all reason, or a cursor that it never gave",
    **{
        f"{method} /{noun}": PAGES
        for method in ("GET", "POST")
        for noun in ("services", "service_at_locations", "organizations", "taxonomies", "taxonomy_terms")
    },
}
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "422", "429"]

# Tests are made one per operation while they are collected: the definition needs the application, but no database yet.
folder = TemporaryDirectory()
url = f"sqlite:///{folder.name}/described.db"
app = create_app(Settings(database_url=url, log_level="ERROR"))
api = schemathesis.openapi.from_wsgi(
    "/openapi.json",
    app,
    config=SchemathesisConfig.from_dict(
        {
            "operations": [
                {
                    "include-name": name,
                    "checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}},
                }
                for name in REFUSE_WHAT_IS_WELL_FORMED
            ]
        }
    ),
)


@pytest.fixture(scope="module", autouse=True)
def directory_in_the_folder() -> Iterator[None]:
    make_directory(url)
    yield
    close(app)
    folder.cleanup()


# The WSGI transport asks for gzip and does not unpack it.
UNPACKED = {"Accept-Encoding": "identity"}


def ask(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@api.parametrize()
@ask(10)
def test_each_operation_keeps_what_the_definition_promises(case: schemathesis.Case) -> None:
    case.call_and_validate(headers=UNPACKED)


@pytest.mark.faults
@api.parametrize()
@ask(100)
def test_each_operation_keeps_its_promises_over_a_hundred_examples(case: schemathesis.Case) -> None:
    case.call_and_validate(headers=UNPACKED)
