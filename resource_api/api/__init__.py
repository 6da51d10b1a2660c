"""HOW MACHINES ASK: the HTTP skin. A file here is a URL; each has a `blueprint`."""

from importlib import import_module

from flask import Flask

from resource_api.api import context, embed_key, errors, headers, limits
from resource_api.api.blueprint import Blueprint

# What only some views ask (referrals, delivery, access, the audit, editing, lists) is imported inside of them: with its
# tables it takes a quarter of a start, and who only searches does not wait for it.
BLUEPRINTS = (
    "about",
    "services",
    "organizations",
    "service_at_locations",
    "locations",
    "confidential_address",
    "availability",
    "corrections",
    "suggest_correction",
    "taxonomies",
    "taxonomy_terms",
    "webhooks",
    "webhook_deliveries",
    "addresses",
    "reply",
    "search",
    "needs",
    "referrals",
    "referral_acts",
    "events",
    "oauth",
    "smart_configuration",
    "break_glass",
    "audit",
    "profile",
    "problems",
    "health",
    "metrics",
    "openapi",
    "docs",
)


def import_views() -> list[Blueprint]:
    """Import every view, and with them the rooms they ask."""
    return [import_module(f"resource_api.api.{name}").blueprint for name in BLUEPRINTS]


def add_api(app: Flask) -> None:
    """Add every URL of the API to an application, and the rules that hold for all of them."""
    headers.add_headers(app)
    limits.add_limits(app)
    errors.add_error_handlers(app)
    context.add_teardown(app)
    embed_key.add_embed_keys(app)
    for blueprint in import_views():
        app.register_blueprint(blueprint)
