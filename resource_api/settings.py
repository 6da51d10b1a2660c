"""HOW THIS INSTANCE IS SET UP: every setting, read once from the environment.

With none set, everything runs on SQLite under `instance/`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from resource_api.errors import SettingsError

DEFAULT_INSTANCE = Path("instance")
_INDEX_NAME = re.compile(r"[a-z][a-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one running instance; see the table in README.md."""

    database_url: str
    public_url: str = "http://127.0.0.1:8000"
    publisher_name: str = "Community Resource Directory"
    metrics_allow: tuple[str, ...] = ("127.0.0.1", "::1")
    log_level: str = "INFO"
    cache_seconds: int = 60
    # Where keys are made when none are given: production gives its own.
    instance: Path = DEFAULT_INSTANCE
    production: bool = False
    # What is secret must not be in a traceback.
    secret_key: str | None = field(default=None, repr=False)
    data_keys: str | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    egress_allow: tuple[str, ...] = ()
    # Proxies in front that each add the address of whoever called them; with 0 nobody's word is taken for it.
    proxy_hops: int = 0
    # Where searches are answered at scale; with none, the database answers them.
    elasticsearch_urls: tuple[str, ...] = field(default=(), repr=False)
    elasticsearch_index: str = "directory"
    elasticsearch_api_key: str | None = field(default=None, repr=False)
    elasticsearch_user: str | None = None
    elasticsearch_password: str | None = field(default=None, repr=False)
    elasticsearch_ca_file: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings.

        Raises SettingsError where one is malformed.
        """
        env = os.environ if environ is None else environ
        instance = Path(env.get("INSTANCE_PATH", str(DEFAULT_INSTANCE)))
        url = env.get("DATABASE_URL") or f"sqlite:///{instance.absolute() / 'directory.db'}"
        public_url = env.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
        if not public_url.startswith(("http://", "https://")):
            raise SettingsError(
                f"PUBLIC_URL is {public_url!r}",
                field="PUBLIC_URL",
                hint="an absolute http(s) URL, as clients see it",
            )
        return cls(
            database_url=url,
            public_url=public_url,
            publisher_name=env.get("PUBLISHER_NAME", "Community Resource Directory"),
            metrics_allow=_read_list(env, "METRICS_ALLOW", "127.0.0.1,::1"),
            log_level=env.get("LOG_LEVEL", "INFO").upper(),
            cache_seconds=_read_count(env, "CACHE_SECONDS", 60),
            instance=instance,
            production=_read_environment(env),
            secret_key=env.get("SECRET_KEY") or None,
            data_keys=env.get("DATA_KEYS") or None,
            smtp_url=env.get("SMTP_URL") or None,
            egress_allow=_read_list(env, "EGRESS_ALLOW", ""),
            proxy_hops=_read_count(env, "PROXY_HOPS", 0),
            elasticsearch_urls=tuple(map(_read_node, _read_list(env, "ELASTICSEARCH_URL", ""))),
            elasticsearch_index=_read_index_name(env),
            elasticsearch_api_key=env.get("ELASTICSEARCH_API_KEY") or None,
            elasticsearch_user=env.get("ELASTICSEARCH_USER") or None,
            elasticsearch_password=env.get("ELASTICSEARCH_PASSWORD") or None,
            elasticsearch_ca_file=env.get("ELASTICSEARCH_CA_FILE") or None,
        )


def _read_list(env: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in env.get(name, default).split(",") if part.strip())


def _read_node(url: str) -> str:
    """Read the URL of a search server, and add the port that its scheme has."""
    field, hint = "ELASTICSEARCH_URL", "http(s)://host:port, several of them comma-separated"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError("ELASTICSEARCH_URL is no URL", field=field, hint=hint) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("ELASTICSEARCH_URL is no http(s) URL", field=field, hint=hint)
    if port is None:
        parts = parts._replace(netloc=f"{parts.netloc}:{443 if parts.scheme == 'https' else 9200}")
    return urlunsplit(parts)


def _read_index_name(env: Mapping[str, str]) -> str:
    name = env.get("ELASTICSEARCH_INDEX") or "directory"
    if not _INDEX_NAME.fullmatch(name):
        hint = "small letters, digits, `-` and `_`, a letter first"
        raise SettingsError(f"ELASTICSEARCH_INDEX is {name!r}", field="ELASTICSEARCH_INDEX", hint=hint)
    return name


def _read_environment(env: Mapping[str, str]) -> bool:
    value = env.get("APP_ENV", "development")
    if value not in ("development", "production"):
        raise SettingsError(f"APP_ENV is {value!r}", field="APP_ENV", hint="development or production")
    return value == "production"


def _read_count(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, str(default))
    if not value.isdigit():
        raise SettingsError(f"{name} is {value!r}", field=name, hint="a whole number, 0 or more")
    return int(value)
