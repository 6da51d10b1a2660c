"""WHERE A URL LEADS: read once, strictly, and whether what lies behind it is a public machine.

Nothing here asks anybody. The order of the checks is Smokescreen's. https://github.com/stripe/smokescreen
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from resource_api.errors import Refused, SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL = 2_000
_USUAL_PORT = {"https": 443, "http": 80}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BRACKETED = re.compile(r"\[[0-9a-fA-F:.]+\](:[0-9]*)?")
# What `is_global` has said yes to in one Python or another, and what carries an IPv4 address inside.
_NEVER = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8 100.64.0.0/10 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 "
        "203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 "
        "2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8"
    ).split()
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_OURSELVES = tuple(
    ip_network(network)
    for network in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "::/127", "::ffff:0:0/96", "fe80::/10")
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL names; `literal` where its host is an address itself."""

    scheme: str
    host: str
    port: int
    path: str
    literal: Address | None

    @property
    def authority(self) -> str:
        """Get what the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _USUAL_PORT[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Exempt:
    """One entry of EGRESS_ALLOW."""

    where: str | Network
    port: int

    def __str__(self) -> str:
        """Write it as EGRESS_ALLOW has it."""
        return f"[{self.where}]:{self.port}" if ":" in str(self.where) else f"{self.where}:{self.port}"

    @property
    def is_ourselves(self) -> bool:
        """Tell whether it exempts this machine, or what is on its own link."""
        if isinstance(self.where, str):
            return self.where.rpartition(".")[2] == "localhost"
        return any(_overlap(self.where, network) for network in _OURSELVES)


def read_url(url: str) -> Target:
    """Read a URL. Raises Refused: what two parsers could read in two ways is not spoken to."""
    if len(url) > LONGEST_URL or any(char <= " " or char == "\\" or "\x7f" <= char <= "\xa0" for char in url):
        raise Refused("This is no URL: it is too long, or has spaces or backslashes", hint="https://example.org/path")
    try:
        parts = urlsplit(url)
        host, port = _read_host(parts), parts.port
    except ValueError:
        raise Refused("This is no URL that can be spoken to", hint="https://example.org/path") from None
    if parts.scheme not in ("https", "http"):
        raise Refused("This is no https URL", hint="https://example.org/path")
    if "@" in parts.netloc or "#" in url or not (parts.path + parts.query).isascii():
        raise Refused("A URL to speak to has no user, no fragment, and is percent-encoded")
    literal = ip_address(host) if ":" in host or _is_numeric(host) else None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, _USUAL_PORT[parts.scheme] if port is None else port, path, literal)


def _read_host(parts: SplitResult) -> str:
    """Read a host as ASCII: a name, or an address in the one form that every parser reads alike. Raises ValueError."""
    given = parts.hostname or ""
    if "%" in parts.netloc:
        raise ValueError("percent signs in a host")
    if "[" in parts.netloc:
        if not _BRACKETED.fullmatch(parts.netloc):
            raise ValueError("no address in brackets")
        return str(IPv6Address(given))
    host = given.encode("idna").decode("ascii").lower() if not given.isascii() else given.lower()
    if _is_numeric(host):
        return str(IPv4Address(host))
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise ValueError("no host name")
    return host


def _is_numeric(host: str) -> bool:
    return _NUMERIC.fullmatch(host.rpartition(".")[2]) is not None


def is_public(address: Address) -> bool:
    """Tell whether an address is one machine's on the public internet, and hides no other inside."""
    if not address.is_global or address.is_multicast or any(address in network for network in _NEVER):
        return False
    return isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def read_exempt(entry: str) -> Exempt:
    """Read one entry of EGRESS_ALLOW. Raises SettingsError."""
    where, _, port = entry.rpartition(":")
    where = where.removeprefix("[").removesuffix("]").replace("]/", "/").lower()
    if not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= 65_535 or not where:
        raise SettingsError(f"EGRESS_ALLOW has {entry!r}", field="EGRESS_ALLOW", hint="host-or-CIDR:port")
    try:
        return Exempt(ip_network(where, strict=False), int(port))
    except ValueError:
        return Exempt(where, int(port))
