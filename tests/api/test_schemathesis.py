"""Does every operation do what the OpenAPI says it does? Asked by schemathesis, with every check it has.

What is guarded is asked with valid tokens of every role that may do it, over records that are there. Nothing is relaxed
but this: the operations below may refuse what is well-formed, because what a text means, or how it goes together with
what is there, is beyond a schema.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig

from tests.api.asked import NOUNS, describe, fill
from tests.api.conftest import close
from tests.api.settle import settle

PAGES = "`page` with `format=ndjson`, which has no pages"
VERSION = "the version that is there, where it was not said, or another was"
EDIT = f"{VERSION}; what is gone; a record that cannot be written so"
ACT = "a time that is over, a service that is not there, a key that came before"
REFUSE_WHAT_IS_WELL_FORMED = {
    "GET /search": ("a place, time, distance or code that means nothing", "422"),
    "POST /search": ("a place, time, distance or code that means nothing", "422"),
    "GET /needs": ("a clinical code that means nothing", "422"),
    "GET /audit": ("a time out of all reason, or a cursor that it never gave", "422"),
    "POST /services/{id}/corrections": ("a correction that says nothing; a service that is gone", "410 422"),
    "POST /corrections/{id}/decision": ("what the record cannot say; a service that is gone", "410 422"),
    "PUT /services/{id}/availability": ("a time that is over; another version; what is gone", "410 412 422"),
    "GET /locations/{id}/confidential-address": ("what is gone", "410"),
    "PUT /locations/{id}/confidential-address": (EDIT, "410 412 422 428"),
    "POST /webhooks": ("a URL that leads to no public machine", "422"),
    "GET /referrals": ("a cursor that it never gave; an identifier without its system", "422"),
    "POST /referrals/search": ("a cursor that it never gave; nobody who is looked for", "422"),
    "GET /events": ("a cursor that it never gave", "422"),
    "POST /reply/{token}/transitions": ("a move that does not say why, or what came of it", "422"),
    "DELETE /referrals/{id}/consent": ("a key that came before", "422"),
    "POST /referrals": (ACT, "422"),
    **{f"POST /referrals/{{id}}/{act}": (ACT, "422") for act in ("messages", "re-refer", "split")},
    "POST /referrals/{id}/claim": (f"{ACT}; another version", "412 422"),
    "PATCH /referrals/{id}": (f"{ACT}; {VERSION}", "412 422 428"),
    **{
        f"POST /referrals/{{id}}/{act}": (f"{ACT}; {VERSION}", "412 422 428")
        for act in ("transitions", "appointments", "reassign")
    },
    **{f"{method} /{noun}/{{id}}": (EDIT, "410 412 422 428") for method in ("PUT", "PATCH") for noun in NOUNS},
    **{f"DELETE /{noun}/{{id}}": (EDIT, "410 412 428") for noun in NOUNS},
    **{f"{method} /{noun}": (PAGES, "422") for method in ("GET", "POST") for noun in NOUNS if noun != "locations"},
}
# What is ill-formed may be refused for what is there, before it is looked at: 412 by If-None-Match.
ILL_FORMED = ["400", "401", "403", "404", "405", "406", "409", "410", "412", "415", "422", "428", "429"]
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "429"]

# Tests are made one per operation while they are collected: the definition needs the application, but no database yet.
folder = TemporaryDirectory()
asked = describe(Path(folder.name))
api = schemathesis.openapi.from_wsgi(
    "/openapi.json",
    asked.app,
    config=SchemathesisConfig.from_dict(
        {
            "operations": [
                {
                    "include-name": name,
                    "checks": {
                        "positive_data_acceptance": {"expected-statuses": ACCEPTED + refusals.split()},
                        "negative_data_rejection": {"expected-statuses": ILL_FORMED},
                    },
                }
                for name, (_, refusals) in REFUSE_WHAT_IS_WELL_FORMED.items()
            ]
        }
    ),
)


@pytest.fixture(scope="module", autouse=True)
def database() -> Iterator[None]:
    fill(asked)
    yield
    close(asked.app)
    folder.cleanup()


@pytest.fixture(autouse=True)
def as_it_was_made(database: None) -> None:
    """Give each operation the database as it was made, whatever the one before did."""
    asked.begin()


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
@ask(3)
def test_each_operation_keeps_what_the_definition_promises(case: schemathesis.Case) -> None:
    case.call_and_validate(headers=UNPACKED | settle(case, asked))


@pytest.mark.faults
@api.parametrize()
@ask(100)
def test_each_operation_keeps_its_promises_over_a_hundred_examples(case: schemathesis.Case) -> None:
    case.call_and_validate(headers=UNPACKED | settle(case, asked))
