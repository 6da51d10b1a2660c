"""HOW A LETTER IS SENT: SMTP, encrypted where the server offers it, and never a password in the open."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from resource_api.delivery.letters import Letter
from resource_api.errors import Refused, SettingsError

# For each step of the conversation; there are some ten, and the lease (claim.py) covers them.
STEP_S = 10.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, repr=False)
class MailServer:
    """Where letters are handed over, and whom they come from."""

    host: str
    port: int
    sender: str
    tls: bool = False
    user: str | None = None
    password: str | None = None


def read_smtp_url(url: str, *, public_url: str) -> MailServer:
    """Read `smtp[s]://[user:password@]host[:port][?from=address]`; raises SettingsError.

    Letters come from `no-reply` at the host of PUBLIC_URL unless the URL says otherwise.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or (465 if parts.scheme == "smtps" else 587 if parts.username else 25)
    except ValueError:
        port = 0
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or not port:
        raise SettingsError(
            "SMTP_URL is none", field="SMTP_URL", hint="smtp://user:password@host:587?from=referrals@example.org"
        )
    sender = parse_qs(parts.query).get("from", [f"no-reply@{urlsplit(public_url).hostname}"])[0]
    user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    return MailServer(parts.hostname, port, sender, parts.scheme == "smtps", user, password)


def send_letter(server: MailServer, letter: Letter, message_id: str) -> None:
    """Hand a letter over. Raises OSError, smtplib.SMTPException or Refused where it was not taken.

    The Message-ID is the same for every attempt, so that who receives it twice may see that it is one.
    """
    message = EmailMessage()
    message["From"] = server.sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Message-ID"] = f"<{message_id}@{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers it
    message.set_content(letter.text, cte="8bit" if letter.text.isascii() else "quoted-printable")
    with _connect(server) as connection:
        connection.ehlo()
        encrypted = server.tls
        if not encrypted and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
            encrypted = True
        if server.user is not None:
            if not encrypted and server.host not in _LOOPBACK:
                raise Refused("The mail server offers no encryption, and a password is not sent without")
            connection.login(server.user, server.password or "")
        connection.send_message(message)


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.tls:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=STEP_S, context=ssl.create_default_context())
    return smtplib.SMTP(server.host, server.port, timeout=STEP_S)
