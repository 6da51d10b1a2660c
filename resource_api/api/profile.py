"""GET /profile : how do our documents differ from plain HSDS? Our HSDS profile, as JSON Merge Patches.

https://docs.openreferral.org/en/latest/hsds/profiles.html
"""

from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

import marshmallow as ma
import orjson
from flask import Response, current_app

import resource_api
from resource_api.api.blueprint import Blueprint, json_bytes
from resource_api.api.context import settings
from resource_api.api.openapi import write_openapi, write_openapi_patch
from resource_api.errors import NotFound

PROFILE_VERSION = "1.0.0"
_CHECKOUT = Path(resource_api.__file__).parents[1] / "openapi" / "profile"
_INSTALLED = "share/community-resource-api/profile"

blueprint = Blueprint("profile", __name__)


class ProfileSchema(ma.Schema):
    """The index of the profile."""

    name = ma.fields.String(required=True)
    version = ma.fields.String(required=True)
    uri = ma.fields.Url(required=True)
    extends = ma.fields.Url(required=True)
    description = ma.fields.String(required=True)
    files = ma.fields.List(ma.fields.Url(), required=True)


class MergePatchSchema(ma.Schema):
    """A JSON Merge Patch (RFC 7386) of the HSDS schema with the same file name."""

    class Meta:
        """Any member may be patched."""

        unknown = ma.INCLUDE


@blueprint.route("/profile", tags=["profile"])
@blueprint.doc(operationId="getProfile")
@blueprint.response(200, ProfileSchema, description="What the profile is, and its files.")
def show_profile() -> Response:
    """Describe the HSDS profile that this API conforms to."""
    uri = f"{settings().public_url}/profile"
    index = {
        "name": "Community Resource Directory",
        "version": PROFILE_VERSION,
        "uri": uri,
        "extends": "https://github.com/openreferral/specification/tree/3.2/schema",
        "description": "HSDS with confidential locations, referral capacity, ages in months and needs.",
        "files": [f"{uri}/{name}" for name in sorted((*_patches(), "openapi.json"))],
    }
    return json_bytes(orjson.dumps(index))


@blueprint.route("/profile/<file>", tags=["profile"])
@blueprint.doc(operationId="getProfileFile")
@blueprint.response(200, MergePatchSchema, description="The merge patch.")
def show_patch(file: str) -> Response:
    """Get the merge patch of one HSDS schema file."""
    if file == "openapi.json":
        return json_bytes(orjson.dumps(write_openapi_patch(write_openapi(current_app))))
    patch = _patches().get(file)
    if patch is None:
        raise NotFound(f"The profile does not change {file[:80]!r}", hint="GET /profile lists its files")
    return json_bytes(patch)


@lru_cache(maxsize=1)
def _patches() -> dict[str, bytes]:
    """Read the patches: in a checkout from openapi/profile, else from where the package's data files went."""
    found = list(_CHECKOUT.glob("*.json")) or _installed_files()
    return {path.name: path.read_bytes() for path in found if path.name != "openapi.json"}


def _installed_files() -> list[Path]:
    files = distribution("community-resource-api").files or []
    return [Path(str(file.locate())) for file in files if _INSTALLED in file.as_posix() and file.suffix == ".json"]
