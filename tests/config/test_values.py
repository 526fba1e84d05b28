"""The scalar types of settings: what they take, and what they say about what they do not."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.config import Address, ByteSize, Cidr, Duration
from trapgate.model import NS_PER_MS, NS_PER_S

DAY_S = 86_400


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("0s", 0),
        ("500ms", 500 * NS_PER_MS),
        ("30s", 30 * NS_PER_S),
        ("1h30m", 5400 * NS_PER_S),
        ("1d12h", 36 * 3600 * NS_PER_S),
        ("2w", 14 * DAY_S * NS_PER_S),
        ("1y", 365 * DAY_S * NS_PER_S),
        ("5m500ms", 300 * NS_PER_S + 500 * NS_PER_MS),
    ],
)
def test_durations_as_prometheus_writes_them(text: str, ns: int) -> None:
    assert Duration.from_text(text) == ns


@pytest.mark.parametrize(
    "text", ["", "5", "-5s", "1.5h", "5 m", "30m1h", "1h1h", "1H", "5sec", "٣s", "s", "5s\n"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write 30s"):
        Duration.from_text(text)


def test_a_duration_fits_into_an_int64() -> None:
    assert Duration.from_text("292y") < 2**63
    with pytest.raises(ValueError, match="longer than 292 years"):
        Duration.from_text("293y")


@given(st.integers(min_value=0, max_value=2**63 // NS_PER_MS - 1))
def test_a_duration_is_written_as_it_is_read(ms: int) -> None:
    duration = Duration(ms * NS_PER_MS)
    assert Duration.from_text(str(duration)) == duration
    assert duration.seconds == pytest.approx(ms / 1000)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("0", 0), ("4096", 4096), ("64KiB", 65_536), ("512 MiB", 1 << 29), ("2TiB", 1 << 41)],
)
def test_sizes(text: str, size_bytes: int) -> None:
    assert ByteSize.from_text(text) == size_bytes


@pytest.mark.parametrize("text", ["", "5GB", "1.5GiB", "-1", "1gib", "GiB", "٣", "1GiB\n"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size; write 512MiB or 20GiB"):
        ByteSize.from_text(text)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("2001:db8::/32", "2001:db8::1", "2001:db9::1"),
        ("private", "127.0.0.1", "8.8.8.8"),
        ("private", "10.1.2.3", "11.1.2.3"),
        ("private", "172.31.0.1", "172.32.0.1"),
        ("private", "192.168.0.1", "192.169.0.1"),
        ("private", "100.64.0.1", "100.128.0.1"),
        ("private", "169.254.1.1", "169.255.1.1"),
        ("private", "::1", "::2"),
        ("private", "fd00::1", "2001:db8::1"),
        ("private", "fe80::1", "fec0::1"),
    ],
)
def test_networks(text: str, inside: str, outside: str) -> None:
    networks = Cidr.from_text(text).networks
    assert any(ip_address(inside) in network for network in networks)
    assert not any(ip_address(outside) in network for network in networks)


@given(st.ip_addresses())
def test_any_is_every_address(address: object) -> None:
    assert any(address in network for network in Cidr.from_text("any").networks)


@pytest.mark.parametrize("text", ["", "router1", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "Private"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError, match='a single address, "private" or "any"'):
        Cidr.from_text(text)


@pytest.mark.parametrize(
    ("text", "address", "written"),
    [
        ("*:1162", Address("*", 1162), "*:1162"),
        (":1162", Address("*", 1162), "*:1162"),
        ("127.0.0.1:0", Address("127.0.0.1", 0), "127.0.0.1:0"),
        ("[::1]:514", Address("::1", 514), "[::1]:514"),
        ("[fe80::1%eth0]:514", Address("fe80::1%eth0", 514), "[fe80::1%eth0]:514"),
    ],
)
def test_addresses(text: str, address: Address, written: str) -> None:
    assert Address.from_text(text) == address
    assert str(address) == written


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not host:port"),
        ("1162", "is not host:port"),
        ("127.0.0.1", "is not host:port"),
        ("127.0.0.1:", "is not host:port"),
        ("127.0.0.1:snmp", "is not host:port"),
        ("127.0.0.1:-1", "is not host:port"),
        ("127.0.0.1:٣", "is not host:port"),
        ("127.0.0.1:65536", "port 65536 is larger than 65535"),
        ("::1:514", "put the IPv6 address in brackets"),
        ("localhost:514", "names are not resolved"),
        ("[::1:514", "put the IPv6 address in brackets"),
    ],
)
def test_what_is_no_address(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Address.from_text(text)


@pytest.mark.parametrize("kind", [Duration, ByteSize, Cidr, Address])
@given(text=st.text(max_size=20))
def test_any_text_is_a_value_or_a_sentence(kind: type[Cidr], text: str) -> None:
    complaint = "none"
    try:
        kind.from_text(text)
    except ValueError as error:
        complaint = str(error)
    assert complaint
