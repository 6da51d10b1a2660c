"""Does every operation on referrals do what the OpenAPI says, asked by somebody who may? With every check there is."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig

from resource_api import create_app
from tests.referrals.world import World, make_world, settings_of

# What a text means, which records there are and how fields go together is beyond a schema.
ACCEPTED = ["2xx", "401", "403", "404", "409", "410", "412", "422", "428", "429"]

folder = TemporaryDirectory()
path = Path(folder.name) / "described.db"
app = create_app(settings_of(path))
config = SchemathesisConfig.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}, "ignored_auth": {"enabled": False}}}
)
api = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config).include(path_regex="^/(referrals|events)")
tokens: dict[str, str] = {}


@pytest.fixture(scope="module", autouse=True)
def somebody_who_may() -> Iterator[None]:
    make_world(path)
    world = World(path)
    for name in ("hospital", "pantry"):
        tokens[name] = world.asking(name).token
    hospital = world.asking("hospital")
    for _ in range(3):
        hospital.refer(allow_duplicate=True)
    yield
    world.close()
    app.extensions["resource_api"].database.close()
    folder.cleanup()


def ask(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def call(case: schemathesis.Case, name: str) -> None:
    case.call_and_validate(headers={"Accept-Encoding": "identity", "Authorization": f"Bearer {tokens[name]}"})


@api.parametrize()
@ask(4)
def test_each_operation_keeps_its_promises_to_who_sends(case: schemathesis.Case) -> None:
    call(case, "hospital")


@api.parametrize()
@ask(4)
def test_each_operation_keeps_its_promises_to_who_is_sent_to(case: schemathesis.Case) -> None:
    call(case, "pantry")


@pytest.mark.faults
@api.parametrize()
@ask(60)
def test_each_operation_keeps_its_promises_over_many_examples(case: schemathesis.Case) -> None:
    call(case, "hospital")
