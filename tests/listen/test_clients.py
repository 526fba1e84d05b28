"""Who may send over TLS: fingerprints, names, and the policy over both."""

from pathlib import Path

import pytest

from listen.authority import Authority
from trapgate.listen.clients import (
    ClientPolicy,
    Presented,
    fingerprint,
    is_name,
    name_matches,
)

HEX = "AB:" * 31 + "CD"


@pytest.mark.parametrize(
    "text",
    [f"sha256:{HEX}", f"SHA-256:{HEX.lower()}", f"sha256:{HEX.replace(':', '')}"],
)
def test_fingerprints(text: str) -> None:
    assert fingerprint(text) == f"sha256:{HEX}"


def test_the_form_of_rfc_5425() -> None:
    written = "sha-1:E1:2D:53:2B:7C:6B:8A:29:A2:76:C8:64:36:0B:08:4B:7A:F1:9E:9D"
    assert fingerprint(written) == written.replace("sha-1", "sha1")


@pytest.mark.parametrize(
    "text", [HEX, f"md5:{HEX}", "sha256:AB", f"sha1:{HEX}", f"sha256:{HEX}:00", "sha256:", "x" * 95]
)
def test_what_is_no_fingerprint(text: str) -> None:
    with pytest.raises(ValueError, match="is no fingerprint"):
        fingerprint(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("core1.example.net", "CORE1.example.net.", True),
        ("*.example.net", "core1.example.net", True),
        ("*.example.net", "a.core1.example.net", False),
        ("*.example.net", "example.net", False),
        ("*.example.net", "*.example.net", True),
        ("*.example.net", "*.*.example.net", False),
        ("core1.example.net", "core2.example.net", False),
        ("*", "core1", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("core*.example.net", "core1.example.net", False),
    ],
)
def test_names(one: str, other: str, same: bool) -> None:
    assert name_matches(one, other) == same
    assert name_matches(other, one) == same


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("core1.example.net", True),
        ("*.example.net", True),
        ("sw_1", True),
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("*", False),
        ("core*.example.net", False),
        ("a.*.net", False),
        ("", False),
        ("a b", False),
    ],
)
def test_what_can_be_a_name(text: str, is_one: bool) -> None:
    assert is_name(text) == is_one


def test_names_of_a_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    both = authority.issue("both", "Common", ["core1.example.net", "192.0.2.1"])
    assert Presented.of(both.certificate, "").names == ("core1.example.net", "192.0.2.1")
    common = authority.issue("common", "Core2.example.net")
    assert Presented.of(common.certificate, "").names == ("core2.example.net",)
    assert Presented.of(authority.issue("none").certificate, "").names == ()


TRUSTED = Presented((f"sha256:{HEX}", "sha1:00"), ("core1.example.net",), "")
STRANGER = Presented((f"sha256:{HEX}", "sha1:00"), ("core1.example.net",), "it is self-signed")
LISTED = frozenset([f"sha256:{HEX}"])
NAMES = ("*.example.net",)


@pytest.mark.parametrize(
    ("policy", "presented", "refusal"),
    [
        (ClientPolicy(), None, ""),
        (ClientPolicy("optional", True), None, ""),
        (ClientPolicy("required", True), None, "no certificate"),
        (ClientPolicy("required", True), TRUSTED, ""),
        (ClientPolicy("optional", True), STRANGER, "it is self-signed"),
        (ClientPolicy("required", True, NAMES), TRUSTED, ""),
        (ClientPolicy("required", True, NAMES), STRANGER, "it is self-signed"),
        (
            ClientPolicy("required", True, ("core2.example.net",)),
            TRUSTED,
            "none of its names is listed: core1.example.net",
        ),
        (ClientPolicy("required", False, (), LISTED), STRANGER, ""),
        (ClientPolicy("required", False, (), LISTED), None, "no certificate"),
        (
            ClientPolicy("required", False, (), frozenset(["sha256:00"])),
            TRUSTED,
            "its fingerprint is not listed",
        ),
        (ClientPolicy("required", True, ("other",), LISTED), STRANGER, ""),
        (ClientPolicy("required", True, (), frozenset(["sha1:00"])), STRANGER, ""),
    ],
)
def test_policy(policy: ClientPolicy, presented: Presented | None, refusal: str) -> None:
    assert policy.refusal(presented) == refusal
