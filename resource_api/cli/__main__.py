"""Lets `python -m resource_api.cli` stand for `resource-api`."""

from resource_api.cli import main

main()
