"""A directory of the help that communities offer, and the referrals that lead people to it.

`create_app` is the one place where the web application is put together. Flask is imported inside it, so that
the command line and the rooms never pay for a web framework.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from resource_api.settings import Settings

VERSION = "0.1.0"


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Put the web application together; nothing is connected to before the first request that needs it."""
    from flask import Flask

    from resource_api.api import add_api
    from resource_api.api.context import Wiring
    from resource_api.database import Database
    from resource_api.settings import Settings
    from resource_api.wiring import attach_index

    settings = settings or Settings.from_environment()
    app = Flask("resource_api", static_folder=None, template_folder=None)
    database = Database(settings.database_url)
    wiring = Wiring(settings, database, attach_index(database, settings))
    app.extensions["resource_api"] = wiring
    if settings.production:
        wiring.keyring  # noqa: B018 - without its keys it does not start
    if settings.egress_allow:
        from resource_api.logs import log_warning

        exempt = " ".join(str(entry) for entry in wiring.egress.exempt)
        log_warning("egress_allow", level=settings.log_level, exempt=exempt)
    add_api(app)
    if settings.proxy_hops:
        from werkzeug.middleware.proxy_fix import ProxyFix

        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxy_hops, x_proto=0)  # type: ignore[method-assign]
    return app
