"""HOW WE SPEAK TO OTHERS' MACHINES: only to public ones, over TLS, once, and never for long.

A URL that somebody gave us could point back into our own network. So it is parsed once, its name is resolved once,
every address is checked, and the connection goes to the address that was checked: a name that resolves otherwise a
moment later leads nowhere. No redirect is followed, no proxy asked, nothing unpacked. EGRESS_ALLOW exempts what an
operator trusts, each `host-or-CIDR:port`.
"""

import io
import socket
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, ip_address
from time import monotonic
from typing import cast

from resource_api.errors import Refused, SettingsError
from resource_api.settings import Settings
from resource_api.target import Address, Exempt, Target, is_public, read_exempt, read_url

Resolve = Callable[[str, int], list[str]]

PORTS = (443, 8443)
CONNECT_S = 5.0
# Threads, made as they are needed. A lookup that hangs outlives its request by far: too few of them, and whoever owns
# names that never resolve would keep everybody else's from resolving.
RESOLVERS = 256
_NOT_PUBLIC = "This address does not lead to a public machine"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `headers` by their names in lower case. `whole`: this is all of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


def resolve_by_system(host: str, port: int) -> list[str]:
    """Resolve a name as the operating system does."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Egress:
    """The one way out. `resolve` and `tls` are the system's unless given."""

    def __init__(
        self, allow: tuple[str, ...] = (), *, resolve: Resolve = resolve_by_system, tls: ssl.SSLContext | None = None
    ) -> None:
        self.exempt = tuple(read_exempt(entry) for entry in allow)
        self._resolve = resolve
        self._given_tls = tls

    @classmethod
    def of(cls, settings: Settings) -> "Egress":
        """Make the way out of one instance. Raises SettingsError; production exempts neither itself nor its link."""
        made = cls(settings.egress_allow)
        for entry in made.exempt:
            if settings.production and entry.is_ourselves:
                raise SettingsError(
                    f"EGRESS_ALLOW has {entry}",
                    field="EGRESS_ALLOW",
                    hint="production speaks neither to loopback nor to link-local addresses",
                )
        return made

    def check_url(self, url: str) -> None:
        """Refuse a URL that would not be spoken to now. Raises Refused."""
        self._check(read_url(url), monotonic() + CONNECT_S)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_s: float = 15,
        most_bytes: int = 65_536,
    ) -> Answer:
        """Send one request, and read at most `most_bytes` of the answer, all within `timeout_s`.

        A redirect is an answer like any other. Raises Refused where the URL is not to be spoken to, or no answer came.
        """
        deadline = monotonic() + timeout_s
        target = read_url(url)
        addresses = self._check(target, deadline)
        ours = {"Host": target.authority, "Accept-Encoding": "identity", "Connection": "close"}
        try:
            with closing(self._connect(target, addresses, deadline)) as wire:
                connection = HTTPConnection(target.host, target.port)
                connection.sock = cast(socket.socket, _Timed(wire, deadline))
                connection.request(
                    method, target.path, body, {"User-Agent": "community-resource-api", **headers, **ours}
                )
                response = connection.getresponse()
                read = response.read(most_bytes + 1)
        except TimeoutError as error:
            raise Refused(f"No answer within {timeout_s:g} s") from error
        except (OSError, HTTPException, ValueError) as error:
            raise Refused(f"No answer: {type(error).__name__}") from error
        found = {name.lower(): value for name, value in response.getheaders()}
        whole = len(read) <= most_bytes and not response.length
        return Answer(response.status, found, read[:most_bytes], whole)

    def _check(self, target: Target, deadline: float) -> list[Address]:
        """List the addresses of a target, once each of them may be spoken to."""
        named = Exempt(target.host, target.port) in self.exempt
        usual = target.scheme == "https" and target.port in PORTS and (target.literal or "." in target.host)
        if not usual and not any(entry.port == target.port for entry in self.exempt):
            raise Refused("This is no https URL at the usual port", hint="https, at port 443 or 8443")
        addresses = [target.literal] if target.literal else self._look_up(target, deadline)
        for address in addresses:
            exempt = (named and not address.is_link_local) or self._is_exempt(address, target.port)
            if not exempt and (not usual or not is_public(address) or _is_own(address, target.port)):
                raise Refused(_NOT_PUBLIC)
        return addresses

    def _look_up(self, target: Target, deadline: float) -> list[Address]:
        # A system's resolver cannot be hurried: it holds a thread of these, and never the caller's.
        asked = self._resolvers.submit(self._resolve, target.host, target.port)
        try:
            found = [ip_address(text) for text in asked.result(min(CONNECT_S, deadline - monotonic()))]
        except (TimeoutError, OSError, ValueError):
            asked.cancel()
            raise Refused(_NOT_PUBLIC) from None
        if not found:
            raise Refused(_NOT_PUBLIC)
        return found

    def _is_exempt(self, address: Address, port: int) -> bool:
        return any(
            entry.port == port and not isinstance(entry.where, str) and address in entry.where for entry in self.exempt
        )

    def _connect(self, target: Target, addresses: list[Address], deadline: float) -> socket.socket:
        for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
            try:
                wire = socket.create_connection((str(address), target.port), min(CONNECT_S, _left(deadline)))
                break
            except OSError:
                if not left:
                    raise
        try:
            if ip_address(wire.getpeername()[0]) != address:
                raise OSError("this is not whom we called")
            if target.scheme == "http":
                return wire
            wire.settimeout(_left(deadline))
            return self._tls.wrap_socket(wire, server_hostname=target.host)
        except BaseException:
            wire.close()
            raise

    @cached_property
    def _resolvers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(RESOLVERS, "resolve")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or ssl.create_default_context()


class _Timed:
    """As much of a socket as http.client asks for, with one deadline over all that is sent and read."""

    def __init__(self, wire: socket.socket, deadline: float) -> None:
        self.wire = wire
        self.deadline = deadline

    def sendall(self, data: bytes) -> None:
        self.wire.settimeout(_left(self.deadline))
        self.wire.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """Leave it open: http.client closes before it has read, and whoever opened it closes."""


class _Reader(io.RawIOBase):
    def __init__(self, timed: _Timed) -> None:
        self.timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as io calls it
        self.timed.wire.settimeout(_left(self.timed.deadline))
        return self.timed.wire.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _is_own(address: Address, port: int) -> bool:
    """Tell whether this machine itself has an address: it would be called from that same one. Nothing is sent."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((str(address), port))
        except OSError:
            return False
        return ip_address(asking.getsockname()[0]) == address
