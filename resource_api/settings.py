"""HOW THIS INSTANCE IS SET UP: every setting, read once from the environment.

With none set, everything runs on SQLite under `instance/`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from resource_api.errors import SettingsError

DEFAULT_INSTANCE = Path("instance")


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
        )


def _read_list(env: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in env.get(name, default).split(",") if part.strip())


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
