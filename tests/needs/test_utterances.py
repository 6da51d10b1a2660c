"""How people ask, in a thousand ways: each is understood as a need that answers it, and idle wishes as none."""

import tomllib
from pathlib import Path
from typing import Any

from resource_api.needs import understand, vocabulary

ASKS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("utterances.toml").read_text("utf-8"))["asks"]
FOR_A_NEED = [ask for ask in ASKS if ask["expect"]]
FOR_NOTHING = [ask for ask in ASKS if not ask["expect"]]

LEAST_UNDERSTOOD = 0.97


def test_nearly_all_that_people_ask_for_is_understood() -> None:
    missed = []
    for ask in FOR_A_NEED:
        needs = set(understand(ask["q"]).needs)
        if not needs & set(ask["expect"]) or needs & set(ask.get("not", ())):
            missed.append(f"{ask['q']!r}: expected one of {ask['expect']}, understood {sorted(needs)}")
    understood = 1 - len(missed) / len(FOR_A_NEED)
    print(*missed, sep="\n")
    assert understood >= LEAST_UNDERSTOOD, f"only {understood:.1%} understood:\n" + "\n".join(missed)


def test_what_no_directory_has_is_no_need_or_leaves_a_word_that_an_answer_must_have() -> None:
    wrong = [
        f"{ask['q']!r}: {asked.needs}"
        for ask in FOR_NOTHING
        if (asked := understand(ask["q"])).needs and not asked.essential
    ]
    assert not wrong, "\n".join(wrong)


def test_what_is_asked_for_is_known() -> None:
    known = set(vocabulary().needs)
    for ask in ASKS:
        assert set(ask) <= {"q", "expect", "not"}
        assert {*ask["expect"], *ask.get("not", ())} <= known, ask["q"]


def test_every_need_is_asked_for_at_least_twice() -> None:
    expected = [slug for ask in FOR_A_NEED for slug in ask["expect"]]
    assert not [slug for slug in vocabulary().needs if expected.count(slug) < 2]


def test_nothing_is_asked_twice() -> None:
    assert len({ask["q"] for ask in ASKS}) == len(ASKS)
