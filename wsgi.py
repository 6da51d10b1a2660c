"""The application as WSGI servers want it: `gunicorn wsgi:app`."""

from resource_api import create_app

app = create_app()
