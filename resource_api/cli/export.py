"""`resource-api export` : write the whole directory to one file, which `resource-api load` reads again."""

from pathlib import Path

import click

from resource_api.cli.progress import show_progress
from resource_api.database import Database
from resource_api.directory.export import Export, count_exported, read_format, write_export
from resource_api.errors import ExportError
from resource_api.migrations import is_current
from resource_api.settings import Settings


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["hsds-json", "tabular"]),
    help="hsds-json (.ndjson) or tabular (.zip).  [default: as PATH ends]",
)
@click.option("--source", help="Only the records of this source.  [default: every source]")
@click.option("--include-confidential", is_flag=True, help="With the addresses that the public must not see.")
def export(path: Path, format_: str | None, source: str | None, include_confidential: bool) -> None:
    """Write the directory to PATH; it appears when it is whole."""
    database = Database(Settings.from_environment().database_url)
    try:
        wanted = Export(path, read_format(path, format_), source, include_confidential)
        with database.read() as session:
            if not is_current(session):
                raise click.ClickException("the database is empty or of another release: run `resource-api init`")
            total = count_exported(session, wanted)
            what = "organizations" if wanted.format == "hsds-json" else "rows"
            with show_progress(what, total) as progress:
                for done in write_export(session, wanted):
                    progress(done)
    except ExportError as error:
        raise click.ClickException(f"{error.message}: {error.hint}") from error
    finally:
        database.close()
    click.echo(f"{path}: {total:,} {what}, {path.stat().st_size:,} bytes")
    if include_confidential:
        click.echo("It holds confidential addresses: keep it where only their owners can read it.", err=True)
