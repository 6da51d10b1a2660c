"""The laws of the house, kept by reading the imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "resource_api"
FOOTING = {
    "among", "damage", "database", "egress", "errors", "postgres", "prepared", "settings", "target", "sqlite", "turn",
    "words",
}  # fmt: skip
ROOMS = {
    "places": {"errors"},
    "needs": {"errors", "words"},
    "directory": {"places", "needs", "access", *FOOTING},
    "search": {"directory", "places", "needs", *FOOTING},
    "privacy": FOOTING,
    "access": {"privacy", *FOOTING},
    "delivery": {"access", "privacy", *FOOTING},
    "referrals": {"directory", "places", "needs", "access", "privacy", "delivery", *FOOTING},
    "migrations": {"directory", "search", "privacy", "access", "delivery", "referrals", *FOOTING},
}
DOORS = {"api", "web", "cli", "worker", "postman", "indexer"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    relative = path.relative_to(ROOT)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_rooms(path: Path) -> set[str]:
    parts = [name.split(".") for name in imports(path) if name.startswith("resource_api.")]
    return {name[1] for name in parts if (ROOT / name[1]).is_dir() or (ROOT / f"{name[1]}.py").is_file()}


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_point_inward(room: str) -> None:
    for path in modules():
        if room_of(path) == room:
            strangers = own_rooms(path) - ROOMS[room] - {room}
            assert not strangers, f"{path.relative_to(ROOT)} imports {sorted(strangers)}"


def test_the_footing_knows_no_room() -> None:
    for path in modules():
        if room_of(path) in FOOTING and path.parent == ROOT:
            assert own_rooms(path) <= FOOTING, path


def test_only_doors_commit() -> None:
    for path in modules():
        if room_of(path) in ROOMS and room_of(path) != "migrations":
            assert ".commit(" not in path.read_text("utf-8"), f"{path.relative_to(ROOT)}: rooms flush, doors commit"


@pytest.mark.parametrize(
    ("library", "allowed"),
    [("flask", {"api", "web", "__init__", "metrics", "logs"}), ("flask_smorest", {"api"}), ("marshmallow", {"api"})],
)
def test_a_web_library_is_imported_only_at_the_skin(library: str, allowed: set[str]) -> None:
    for path in modules():
        if library in {name.split(".")[0] for name in imports(path)}:
            assert room_of(path) in allowed, f"{path.relative_to(ROOT)} imports {library}"


def test_the_search_server_is_known_by_one_file_and_only_when_it_is_asked() -> None:
    libraries = {"elasticsearch", "elastic_transport"}
    knowing = {path for path in modules() if libraries & {name.split(".")[0] for name in imports(path)}}
    assert [str(path.relative_to(ROOT)) for path in knowing] == ["search/elasticsearch_index.py"]
    (path,) = knowing
    for node in ast.parse(path.read_text("utf-8")).body:  # what stands at the top of the file
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not libraries & {name.split(".")[0] for name in names}


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert not [path for path in modules() if path.stem in EMPTY_NAMES or path.parent.name in EMPTY_NAMES]


def test_no_file_hides_a_second_idea() -> None:
    long = {str(p.relative_to(ROOT)): n for p in modules() if (n := len(p.read_text("utf-8").splitlines())) > 300}
    assert not {name: n for name, n in long.items() if "migrations/versions" not in name}


def test_every_module_says_which_question_it_answers() -> None:
    written = [(path, text) for path in modules() if (text := path.read_text("utf-8").strip())]
    assert not [
        path for path, text in written if "versions" not in path.parts and not ast.get_docstring(ast.parse(text))
    ]


def test_rooms_import_each_other_without_a_circle() -> None:
    arrows = {room: set().union(*(own_rooms(p) for p in modules() if room_of(p) == room)) - {room} for room in ROOMS}
    seen: list[str] = []

    def walk(room: str) -> None:
        assert room not in seen, f"a circle: {' -> '.join([*seen, room])}"
        seen.append(room)
        for other in sorted(arrows.get(room, ())):
            walk(other)
        seen.pop()

    for room in ROOMS:
        walk(room)
