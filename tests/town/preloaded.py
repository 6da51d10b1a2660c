"""The application as gunicorn --preload has it, and asked something before the processes that answer are forked."""

from wsgi import app

assert app.test_client().get("/services").status_code == 200
