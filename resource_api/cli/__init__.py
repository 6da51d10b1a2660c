"""THE `resource-api` COMMAND: one file per group of commands, imported when one of its commands is run."""

from importlib import import_module
from typing import Any

import click

from resource_api import VERSION
from resource_api.errors import ResourceError

# Command → module and name in it: no command waits for what only another needs.
COMMANDS = {
    "backup": "resource_api.cli.backup:backup",
    "client": "resource_api.cli.client:client",
    "deliveries": "resource_api.cli.deliveries:deliveries",
    "export": "resource_api.cli.export:export",
    "init": "resource_api.cli.init:init",
    "keys": "resource_api.cli.keys:keys",
    "load": "resource_api.cli.load:load_command",
    "openapi": "resource_api.cli.openapi:write",
    "organization": "resource_api.cli.organization:organization",
    "restore": "resource_api.cli.restore:restore",
    "search": "resource_api.cli.search:search",
    "serve": "resource_api.cli.serve:serve",
    "verify": "resource_api.cli.verify:verify",
    "worker": "resource_api.cli.worker:worker",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of every command."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it refuses is told in a sentence."""
        try:
            return super().invoke(ctx)
        except ResourceError as error:
            said = f"{error.message}\nWhat would be right: {error.hint}" if error.hint else error.message
            raise click.ClickException(said) from error


@click.group(cls=LazyGroup)
@click.version_option(VERSION, prog_name="resource-api")
def main() -> None:
    """Run a community resource directory."""
