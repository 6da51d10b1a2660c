"""What `gunicorn wsgi:app` runs with: the same as `resource-api serve`, bound to BIND."""

import os

from resource_api.web_server import gunicorn_settings

globals().update(gunicorn_settings())
bind = os.environ.get("BIND", "127.0.0.1:8000")
