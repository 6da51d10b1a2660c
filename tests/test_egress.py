"""Is nobody spoken to who is not to be? A sink that really listens on this machine must never be called.

The sink's port is made a usual one, so that nothing stands between it and a request but the checks of its address.
"""

import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_api import egress as egress_module
from resource_api.egress import Egress, resolve_by_system
from resource_api.errors import Refused, SettingsError
from resource_api.settings import Settings
from resource_api.target import is_public, read_url
from tests.outside import Authority, Machine, Script, answer, hang, listening, make_authority, raw

# Names that a hostile resolver answers for; each may lead to several addresses.
NAMES: dict[str, list[str]] = {
    "loopback.example": ["127.0.0.1"],
    "loopback-6.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "private-10.example": ["10.0.0.1"],
    "private-172.example": ["172.16.0.1"],
    "private-192.example": ["192.168.1.1"],
    "carrier.example": ["100.64.0.1"],
    "zero.example": ["0.0.0.0"],
    "broadcast.example": ["255.255.255.255"],
    "multicast.example": ["224.0.0.1"],
    "reserved.example": ["240.0.0.1"],
    "benchmark.example": ["198.18.0.1"],
    "documentation.example": ["203.0.113.7"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "nat64-local.example": ["64:ff9b:1::7f00:1"],
    "six-to-four.example": ["2002:7f00:1::"],
    "teredo.example": ["2001:0:7f00:1::"],
    "unique-local.example": ["fc00::1"],
    "unique-local-fd.example": ["fd00:ec2::254"],
    "link-local-6.example": ["fe80::1"],
    "site-local.example": ["fec0::1"],
    "multicast-6.example": ["ff02::1"],
    "compatible.example": ["::127.0.0.1"],
    "unspecified-6.example": ["::"],
    "discard.example": ["100::1"],
    "one-bad-of-two.example": ["93.184.215.14", "127.0.0.1"],
    "one-bad-of-three.example": ["2606:2800:21f::1", "93.184.215.14", "::1"],
    "nothing.example": [],
    "nonsense.example": ["not an address"],
    "zoned.example": ["fe80::1%lo"],
}
VECTORS = (
    # This machine, in every spelling
    "https://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}",
    "https://127.0.0.1.:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://127.255.255.254:{port}/",
    "https://2130706433:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.0x0.0x0.0x1:{port}/",
    "https://0x7f.1:{port}/",
    "https://017700000001:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://0177.0.0.01:{port}/",
    "https://127.0.0.0x1:{port}/",
    "https://127.0x0.1:{port}/",
    "https://00000177.0.0.1:{port}/",
    "https://4294967297:{port}/",
    "https://127.0.0.1.1:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://0x0:{port}/",
    "https://0x:{port}/",
    "https://①②⑦.⓪.⓪.①:{port}/",
    "https://１２７.0.0.1:{port}/",
    "https://127。0。0。1:{port}/",
    "https://127．0．0．1:{port}/",
    "https://127｡0｡0｡1:{port}/",
    "https://١٢٧.0.0.1:{port}/",
    "https://localhost:{port}/",
    "https://LOCALHOST:{port}/",
    "https://localhost.:{port}/",
    "https://localhost.localdomain:{port}/",
    "https://foo.localhost:{port}/",
    "https://local\u00adhost:{port}/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "https://ip6-localhost:{port}/",
    "https://%6c%6f%63%61%6c%68%6f%73%74:{port}/",
    "https://127.0.0.1%00.example.org:{port}/",
    # IPv6
    "https://[::1]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[::]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "https://[::127.0.0.1]:{port}/",
    "https://[::ffff:0:127.0.0.1]:{port}/",
    "https://[64:ff9b::127.0.0.1]:{port}/",
    "https://[2002:7f00:1::]:{port}/",
    "https://[2001:0:7f00:1::]:{port}/",
    "https://[fe80::1%25lo]:{port}/",
    "https://[fe80::1%lo]:{port}/",
    "https://[fd00:ec2::254]:{port}/",
    "https://[::1]x:{port}/",
    "https://[::1:{port}/",
    "https://[v1.x]:{port}/",
    # What only a neighbour should reach
    "https://169.254.169.254:{port}/latest/meta-data/",
    "https://169.254.170.2:{port}/v2/credentials",
    "https://100.100.100.200:{port}/",
    "https://192.0.0.192:{port}/",
    "https://10.0.0.1:{port}/",
    "https://172.31.255.255:{port}/",
    "https://192.168.0.1:{port}/",
    # Confusions of parsers
    "https://example.org@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}@example.org/",
    "https://example.org:{port}#@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}#@example.org/",
    "https://example.org\\@127.0.0.1:{port}/",
    "https://127.0.0.1\\.example.org:{port}/",
    "https://127.0.0.1:{port}\\@example.org/",
    "https:\\\\127.0.0.1:{port}/",
    "https:///127.0.0.1:{port}/",
    "https:127.0.0.1:{port}/",
    "https://127.0.0.1:{port}\t/",
    " https://127.0.0.1:{port}/",
    "\x00https://127.0.0.1:{port}/",
    "https://127.0.0.1\r\nHost: example.org:{port}/",
    "https://127.0.0.1 :{port}/",
    "https://127.0.0.1:{port}:443/",
    "https://127.0.0.1:+{port}/",
    "https://user:word@loopback.example:{port}/",
    "https://a..b:{port}/",
    "https://-a.example:{port}/",
    "https://*.example:{port}/",
    "https://{long}.example:{port}/",
    "https://example.org:99999/",
    "https://example.org:0/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "",
    # Other schemes and ports
    "http://127.0.0.1:{port}/",
    "http://example.org/",
    "http://loopback.example:{port}/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_GET",
    "dict://127.0.0.1:{port}/",
    "ldap://127.0.0.1:{port}/",
    "data:application/json,{{}}",
    "jar:https://127.0.0.1:{port}!/",
    "https://example.org:22/",
    "https://example.org:9200/",
    "https://metadata:{port}/",
    "https://metadata.google.internal:{port}/",
    *(f"https://{name}:{{port}}/" for name in NAMES),
)


def resolve_hostile(host: str, port: int) -> list[str]:
    return NAMES[host] if host in NAMES else resolve_by_system(host, port)


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine here that listens on every IPv4 address, and must not be called."""
    with listening(host="0.0.0.0") as machine:
        monkeypatch.setattr(egress_module, "PORTS", (443, 8443, machine.port))
        socket.create_connection(("127.0.0.1", machine.port)).close()
        wait_for(lambda: machine.calls == 1)  # it is there
        machine.calls = 0
        yield machine


def wait_for(true: object) -> None:
    deadline = time.monotonic() + 5
    while not true() and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.01)


def fill(vector: str, port: int) -> str:
    return vector.format(port=port, long="a" * 64)


def test_there_are_no_fewer_than_sixty_vectors() -> None:
    assert len(set(VECTORS)) >= 60


@pytest.mark.parametrize("vector", VECTORS)
def test_a_url_that_leads_back_here_is_refused_and_nobody_is_called(vector: str, sink: Machine) -> None:
    egress, url = Egress(resolve=resolve_hostile), fill(vector, sink.port)
    with pytest.raises(Refused):
        egress.check_url(url)
    with pytest.raises(Refused):
        egress.request("GET", url, headers={}, timeout_s=5)
    time.sleep(0.01)
    assert sink.calls == 0


def test_all_of_them_together_do_not_call_the_sink_even_by_the_systems_resolver(sink: Machine) -> None:
    egress = Egress(resolve=resolve_hostile)
    for vector in VECTORS:
        with pytest.raises(Refused):
            egress.request("POST", fill(vector, sink.port), headers={}, body=b"{}", timeout_s=5)
    time.sleep(0.2)
    assert sink.calls == 0


def test_our_own_address_is_refused_though_it_may_be_public(sink: Machine) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        ours = asking.getsockname()[0]
    with pytest.raises(Refused):
        Egress().request("GET", f"https://{ours}:{sink.port}/", headers={})
    assert sink.calls == 0
    assert egress_module._is_own(ip_address(ours), sink.port)
    assert not egress_module._is_own(ip_address("192.0.2.1"), sink.port)


class Rebinding:
    """A resolver that answers differently each time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_a_name_that_leads_elsewhere_once_it_was_checked_leads_nowhere(sink: Machine) -> None:
    turning = Rebinding(["93.184.215.14"], ["127.0.0.1"])
    egress = Egress(resolve=turning)
    url = f"https://rebinding.example:{sink.port}/"
    egress.check_url(url)
    with pytest.raises(Refused):
        egress.request("GET", url, headers={})
    assert turning.asked == 2
    assert sink.calls == 0


def test_the_address_that_was_checked_is_the_one_that_is_called() -> None:
    with (
        listening(answer(b"checked"), host="127.0.0.2") as checked,
        listening(answer(b"elsewhere"), host="127.0.0.1", port=checked.port) as elsewhere,
    ):
        turning = Rebinding(["127.0.0.2"], ["127.0.0.1"])
        egress = Egress((f"127.0.0.2/32:{checked.port}",), resolve=turning)
        url = f"http://rebinding.example:{checked.port}/"
        assert egress.request("GET", url, headers={}).body == b"checked"
        assert turning.asked == 1
        with pytest.raises(Refused):
            egress.request("GET", url, headers={})
        both = Egress((f"127.0.0.2/32:{checked.port}",), resolve=Rebinding(["127.0.0.2", "127.0.0.1"]))
        with pytest.raises(Refused):
            both.request("GET", url, headers={})
        assert (checked.calls, elsewhere.calls) == (1, 0)


def test_of_several_addresses_the_first_that_answers_is_spoken_to() -> None:
    with listening(answer(b"second"), host="127.0.0.2") as second:
        allow = (f"127.0.0.0/8:{second.port}",)
        url = f"http://several.example:{second.port}/"
        egress = Egress(allow, resolve=lambda _host, _port: ["127.0.0.3", "127.0.0.2"])
        assert egress.request("GET", url, headers={}).body == b"second"
        nobody = Egress(allow, resolve=lambda _host, _port: ["127.0.0.3", "127.0.0.4"])
        with pytest.raises(Refused, match="ConnectionRefused"):
            nobody.request("GET", url, headers={})


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_an_answer_and_is_not_followed(status: str, sink: Machine) -> None:
    for to in (f"http://127.0.0.1:{sink.port}/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"):
        with listening(answer(b"", status, f"Location: {to}")) as machine:
            got = Egress((f"127.0.0.1:{machine.port}",)).request("GET", f"http://127.0.0.1:{machine.port}/", headers={})
            assert got.status == int(status[:3])
            assert machine.calls == 1
    assert sink.calls == 0


def test_no_proxy_is_asked(sink: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{sink.port}")
        monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{sink.port}")
    with listening(answer()) as machine:
        egress = Egress((f"127.0.0.1:{machine.port}",))
        assert egress.request("GET", f"http://127.0.0.1:{machine.port}/", headers={}).status == 200
    assert sink.calls == 0


def test_what_an_operator_exempts_is_spoken_to_and_nothing_beside_it(sink: Machine) -> None:
    with listening(answer()) as machine:
        for entry in (f"127.0.0.1:{machine.port}", f"127.0.0.0/8:{machine.port}", f"localhost:{machine.port}"):
            host = "localhost" if "localhost" in entry else "127.0.0.1"
            egress = Egress((entry,))
            assert egress.request("GET", f"http://{host}:{machine.port}/", headers={}).status == 200
            for beside in (
                f"http://{host}:{sink.port}/",
                f"https://{host}:{sink.port}/",
                f"http://0.0.0.0:{sink.port}/",
            ):
                with pytest.raises(Refused):
                    egress.request("GET", beside, headers={})
        by_name = Egress((f"ehr.example:{machine.port}",), resolve=lambda _host, _port: ["169.254.169.254"])
        with pytest.raises(Refused):
            by_name.check_url(f"http://ehr.example:{machine.port}/")
    assert sink.calls == 0


def test_a_request_says_which_machine_it_means_and_nothing_unasked() -> None:
    with listening(answer()) as machine:
        egress = Egress((f"hooks.example:{machine.port}",), resolve=lambda _host, _port: ["127.0.0.1"])
        url = f"http://HOOKS.example:{machine.port}/a/b?c=d"
        egress.request("POST", url, headers={"Content-Type": "application/json", "Host": "forged"}, body=b"{}")
        head = machine.requests[0].decode()
    assert head.startswith("POST /a/b?c=d HTTP/1.1\r\n")
    assert f"\r\nHost: hooks.example:{machine.port}\r\n" in head
    assert "forged" not in head
    assert "\r\nAccept-Encoding: identity\r\n" in head
    assert "\r\nContent-Length: 2\r\n" in head


def request_to(script: Script, timeout_s: float = 1.0, most_bytes: int = 1_000) -> egress_module.Answer:
    with listening(script) as machine:
        egress = Egress((f"127.0.0.1:{machine.port}",))
        url = f"http://127.0.0.1:{machine.port}/"
        return egress.request("GET", url, headers={}, timeout_s=timeout_s, most_bytes=most_bytes)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "script",
    [
        hang,
        raw(OK + b"Content-Length: 100\r\n\r\n", b"x", pause_s=0.2, forever=True),
        raw(OK, b"A: b\r\n", pause_s=0.2, forever=True),
        raw(b"H", b"T", pause_s=0.4, forever=True),
        raw(b"HTTP/1.1 100 Continue\r\n\r\n", pause_s=0.05, forever=True),
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", pause_s=0.2, forever=True),
    ],
    ids=["silence", "a dripping body", "dripping headers", "a dripping status", "continue for ever", "dripping chunks"],
)
def test_whoever_is_slow_is_left_when_the_time_is_up(script: Script) -> None:
    started = time.monotonic()
    with pytest.raises(Refused):
        request_to(script, timeout_s=1.0)
    assert time.monotonic() - started < 1.6


@pytest.mark.parametrize(
    "script",
    [
        raw(b""),
        raw(b"\x16\x03\x01"),
        raw(b"<html>"),
        raw(b"HTTP/1.1 abc\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n"),
        raw(b"HTTP/1.1 200 " + b"x" * 100_000),
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ],
    ids=["nothing", "TLS", "HTML", "no status", "500 headers", "a long status", "bad chunks"],
)
def test_what_is_no_answer_is_none(script: Script) -> None:
    with pytest.raises(Refused):
        request_to(script)


def test_of_a_body_without_end_only_so_much_is_read() -> None:
    endless = raw(OK + b"Content-Length: 10000000000\r\n\r\n", b"x" * 65_536, forever=True)
    started = time.monotonic()
    got = request_to(endless, timeout_s=5, most_bytes=1_000)
    assert (got.status, got.body, got.whole) == (200, b"x" * 1_000, False)
    assert time.monotonic() - started < 1


def test_a_body_that_was_cut_short_is_not_whole() -> None:
    got = request_to(raw(OK + b"Content-Length: 100\r\n\r\nshort"))
    assert (got.status, got.body, got.whole) == (200, b"short", False)


def test_what_is_packed_stays_packed() -> None:
    import gzip

    bomb = gzip.compress(bytes(10_000_000))
    got = request_to(answer(bomb, "200 OK", "Content-Encoding: gzip"), most_bytes=100_000)
    assert got.body == bomb
    assert got.headers["content-encoding"] == "gzip"


def test_whoever_is_not_there_is_no_answer() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Refused):
        Egress((f"127.0.0.1:{port}",)).request("GET", f"http://127.0.0.1:{port}/", headers={})


def test_a_resolver_that_hangs_holds_nobody_up() -> None:
    def hanging(_host: str, _port: int) -> list[str]:
        time.sleep(2)
        return ["127.0.0.1"]

    started = time.monotonic()
    with pytest.raises(Refused):
        Egress(resolve=hanging).request("GET", "https://slow.example/", headers={}, timeout_s=0.3)
    assert time.monotonic() - started < 1


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


def test_over_tls_the_name_is_verified_at_the_address_that_was_checked(authority: Authority) -> None:
    with listening(answer(b"hello"), tls=authority.serving("hooks.example.org")) as machine:
        entry = f"127.0.0.1:{machine.port}"
        egress = Egress((entry,), resolve=lambda _host, _port: ["127.0.0.1"], tls=authority.trusting)
        assert egress.request("GET", f"https://hooks.example.org:{machine.port}/", headers={}).body == b"hello"
        assert b"\r\nHost: hooks.example.org:" in machine.requests[0]
        for wrong in ("other.example.org", "127.0.0.1"):
            with pytest.raises(Refused):
                egress.request("GET", f"https://{wrong}:{machine.port}/", headers={})
        unknown = Egress((entry,), resolve=lambda _host, _port: ["127.0.0.1"])
        with pytest.raises(Refused):
            unknown.request("GET", f"https://hooks.example.org:{machine.port}/", headers={})


def test_a_certificate_that_is_over_is_refused(authority: Authority) -> None:
    with listening(answer(), tls=authority.serving("over.example.org", days=-1)) as machine:
        egress = Egress(
            (f"127.0.0.1:{machine.port}",), resolve=lambda _host, _port: ["127.0.0.1"], tls=authority.trusting
        )
        with pytest.raises(Refused):
            egress.request("GET", f"https://over.example.org:{machine.port}/", headers={})
        assert machine.requests == []


@pytest.mark.parametrize("entry", ["", "localhost", "localhost:", ":443", "localhost:x", "localhost:0", "a:70000"])
def test_a_malformed_exemption_says_so(entry: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Egress((entry,))
    assert refused.value.field == "EGRESS_ALLOW"


@pytest.mark.parametrize(
    ("entry", "refused"),
    [
        ("127.0.0.1:8025", True),
        ("127.9.9.9/32:8025", True),
        ("0.0.0.0/0:443", True),
        ("0.0.0.0:443", True),
        ("localhost:8025", True),
        ("a.localhost:8025", True),
        ("169.254.169.254:80", True),
        ("169.254.0.0/16:80", True),
        ("[::1]:443", True),
        ("[::]/0:443", True),
        ("[fe80::]/10:443", True),
        ("[::ffff:127.0.0.1]:443", True),
        ("10.1.2.0/24:443", False),
        ("ehr.hospital.internal:8443", False),
        ("[fd00::]/8:443", False),
    ],
)
def test_production_exempts_neither_itself_nor_its_link(entry: str, refused: bool, tmp_path: Path) -> None:
    def make(production: bool) -> Egress:
        return Egress.of(Settings(database_url="sqlite://", egress_allow=(entry,), production=production))

    assert [str(exempt) for exempt in make(False).exempt]
    if refused:
        with pytest.raises(SettingsError) as said:
            make(True)
        assert said.value.field == "EGRESS_ALLOW"
    else:
        make(True)


@settings(max_examples=500, deadline=None)
@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_no_address_is_public_that_python_does_not_call_global(address: object) -> None:
    if not address.is_global:  # type: ignore[attr-defined]
        assert not is_public(address)  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="htps:/@#?%[]\\.0123456789abcdefx-_ \t①。１é", max_size=40).map(lambda text: "https://" + text)
    | st.text(max_size=60)
)
def test_any_text_is_read_or_refused(url: str) -> None:
    try:
        target = read_url(url)
    except Refused:
        return
    assert target.host.isascii()
    assert target.path.startswith("/")
    assert target.literal is not None or not target.host.rpartition(".")[2].isdigit()
