"""A mail server on this machine that keeps what it is given."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


class Letterbox:
    """Every letter that came in; an address in `refused` is answered with the code beside it."""

    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.refused: dict[str, str] = {}

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.letters.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    def to(self, address: str) -> list[Message]:
        return [letter for letter in self.letters if letter["To"] == address]

    def texts(self, address: str) -> list[str]:
        return [letter.get_content() for letter in self.to(address)]  # type: ignore[attr-defined]


def link_in(text: str) -> str:
    """The one link of a letter."""
    [link] = re.findall(r"https?://\S+", text)
    return link


def code_in(text: str) -> str:
    [code] = re.findall(r"\b\d{6}\b", text)
    return code


@contextmanager
def receiving_mail() -> Iterator[tuple[Letterbox, str]]:
    """Run a mail server; yields what it keeps, and its URL."""
    box = Letterbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield box, f"smtp://127.0.0.1:{port}?from=referrals@help.example.org"
    finally:
        server.stop()
