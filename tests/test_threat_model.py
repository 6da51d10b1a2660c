"""Every test that the threat model leans on is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_each_test_that_the_threat_model_names_exists() -> None:
    page = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    found = NAMED.findall(page)
    assert len(found) > 30
    missing = [
        f"{file}::{name}"
        for file, name in found
        if not (ROOT / file).is_file() or (name and f"def {name}(" not in (ROOT / file).read_text("utf-8"))
    ]
    assert not missing


def test_each_threat_names_a_test() -> None:
    page = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|") and not line.startswith(("| Threat", "|---"))]
    assert rows
    assert not [row for row in rows if not NAMED.search(row)]


def test_the_threat_model_is_two_pages() -> None:
    assert len((ROOT / "docs" / "threat-model.md").read_text("utf-8").splitlines()) <= 110
