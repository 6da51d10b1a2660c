"""`resource-api openapi`: write the API's definition to files, or check that the files say what the views do."""

import sys
from pathlib import Path

import click
import orjson

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


@click.command("openapi")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("openapi"))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a file is out of date.")
def write(folder: Path, check: bool) -> None:
    """Write openapi.json, and profile/openapi.json, to FOLDER."""
    stale = [path for path, body in render_files(folder).items() if _read(path) != body]
    for path in stale:
        if check:
            click.echo(f"{path} is out of date: run `resource-api openapi`", err=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(render_files(folder)[path])
            click.echo(f"wrote {path}")
    if check and stale:
        sys.exit(1)


def render_files(folder: Path) -> dict[Path, bytes]:
    """Render what each file should say; with the default settings, so that no instance's name is in it."""
    from resource_api import create_app
    from resource_api.api.openapi import write_openapi, write_openapi_patch
    from resource_api.settings import Settings

    definition = write_openapi(create_app(Settings(database_url="sqlite://")))
    return {
        folder / "openapi.json": orjson.dumps(definition, option=_PRETTY),
        folder / "profile" / "openapi.json": orjson.dumps(write_openapi_patch(definition), option=_PRETTY),
    }


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
