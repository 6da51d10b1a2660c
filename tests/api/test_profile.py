import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

HSDS = Path(os.environ.get("RESOURCE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "hsds"
needs_hsds = pytest.mark.skipif(not HSDS.is_dir(), reason=f"HSDS's schemas are not at {HSDS}; set RESOURCE_DATA")


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386, section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def without_far_schemas(part: Any) -> Any:
    """Leave out the schemas that HSDS's definition refers to on GitHub: no test goes there."""
    if isinstance(part, list):
        return [without_far_schemas(child) for child in part]
    if isinstance(part, dict):
        far = str(part.get("$ref", "")).startswith("https:")
        return {} if far else {name: without_far_schemas(child) for name, child in part.items()}
    return part


def read_patches(client: FlaskClient) -> dict[str, Any]:
    files = [url.rsplit("/", 1)[1] for url in client.get("/profile").json["files"]]
    return {file: client.get(f"/profile/{file}").json for file in files}


def test_the_profile_lists_its_files_and_serves_each(empty: FlaskClient) -> None:
    index = empty.get("/profile").json
    assert index["uri"] == empty.get("/").json["profile"]
    patches = read_patches(empty)
    assert {"service.json", "location.json", "phone.json", "schedule.json", "openapi.json"} <= patches.keys()
    assert "confidential" in patches["location.json"]["properties"]
    assert empty.get("/profile/nonesuch.json").status_code == 404
    assert empty.get("/profile/..%2fREADME.md").status_code == 404


@needs_hsds
def test_each_patch_makes_a_valid_schema_of_the_hsds_schema_it_is_named_for(empty: FlaskClient) -> None:
    for file, patch in read_patches(empty).items():
        if file == "openapi.json":
            continue
        original = orjson.loads((HSDS / "schema" / file).read_bytes())
        assert not patch["properties"].keys() & original["properties"].keys(), f"{file} redefines what HSDS has"
        Draft202012Validator.check_schema(merge(original, patch))


@needs_hsds
def test_the_openapi_patch_adds_our_operations_to_hsdss_own(empty: FlaskClient) -> None:
    original = without_far_schemas(orjson.loads((HSDS / "openapi-3.2.reconstructed.json").read_bytes()))
    patch = empty.get("/profile/openapi.json").json
    assert "/search" in patch["paths"]
    for path in patch["paths"].keys() & original["paths"].keys():
        assert not (patch["paths"][path].keys() - {"parameters"}) & original["paths"][path].keys(), path
    merged = merge(original, patch)
    before = {error.message for error in OpenAPIV31SpecValidator(original).iter_errors()}
    assert {error.message for error in OpenAPIV31SpecValidator(merged).iter_errors()} <= before


def test_an_installed_package_finds_its_patches_without_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: FlaskClient
) -> None:
    from importlib import metadata

    from resource_api.api import profile

    installed = tmp_path / "lib" / "community_resource_api-1.dist-info"
    patches = tmp_path / "share" / "community-resource-api" / "profile"
    installed.mkdir(parents=True)
    patches.mkdir(parents=True)
    (patches / "phone.json").write_text("{}")
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: community-resource-api\nVersion: 1\n")
    (installed / "RECORD").write_text("../share/community-resource-api/profile/phone.json,,\n")
    monkeypatch.setattr(profile, "distribution", lambda name: metadata.PathDistribution(installed))
    monkeypatch.setattr(profile, "_CHECKOUT", tmp_path / "nowhere")
    profile._patches.cache_clear()
    try:
        assert read_patches(empty).keys() == {"openapi.json", "phone.json"}
    finally:
        profile._patches.cache_clear()
