"""Identities of label sets: Alertmanager's, byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model import alert_order, fingerprint, go_quote, labels_text
from trapgate.model.labels import go_unquote

LABELS = st.dictionaries(
    st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    max_size=6,
)


@pytest.mark.parametrize(
    ("labels", "digest"),
    [
        ({"foo": "bar"}, "3fff2c2d7595e046"),  # prometheus/common's own example
        ({}, "cbf29ce484222325"),  # the offset of FNV-1a
    ],
)
def test_fingerprints_that_alertmanager_gives(labels: dict[str, str], digest: str) -> None:
    assert fingerprint(labels) == digest


@given(LABELS)
def test_the_order_of_labels_does_not_count(labels: dict[str, str]) -> None:
    turned = dict(reversed(labels.items()))
    assert fingerprint(turned) == fingerprint(labels)
    assert labels_text(turned) == labels_text(labels)


@given(LABELS, LABELS)
def test_other_labels_have_another_fingerprint(one: dict[str, str], other: dict[str, str]) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)
    assert (labels_text(one) == labels_text(other)) == (one == other)


def test_names_and_values_do_not_run_together() -> None:
    assert fingerprint({"ab": "c"}) != fingerprint({"a": "bc"})
    assert fingerprint({"a": "b", "c": "d"}) != fingerprint({"a": "bcd"})


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("abc", '"abc"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\x00\x01\x1b", r'"\x00\x01\x1b"'),
        ("\x7f", r'"\x7f"'),
        ("\x80\x9f", r'"\u0080\u009f"'),
        ("it's", '"it\'s"'),
        ("Zürich", '"Zürich"'),
        ("日本語", '"日本語"'),
        ("☺😀", '"☺😀"'),
        ("a b", '"a b"'),
        ("\u00a0", r'"\u00a0"'),
        ("\u00ad", r'"\u00ad"'),
        ("\u200b\u2028\u3000\ufeff", r'"\u200b\u2028\u3000\ufeff"'),
        ("\ufffd", '"\ufffd"'),
        ("\ue000", r'"\ue000"'),
        ("\U000e0001\U0010ffff", r'"\U000e0001\U0010ffff"'),
        ("e\u0301", '"e\u0301"'),
    ],
)
def test_quoting_as_gos_strconv_does(text: str, quoted: str) -> None:
    assert go_quote(text) == quoted


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_quoted_text_is_one_printable_line(text: str) -> None:
    quoted = go_quote(text)
    assert quoted.isprintable()
    assert quoted[0] == quoted[-1] == '"'


def test_the_text_of_a_group_key() -> None:
    assert labels_text({}) == "{}"
    labels = {"severity": "critical", "alertname": 'Link "down"'}
    assert labels_text(labels) == r'{alertname="Link \"down\"", severity="critical"}'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_quoted_is_read_back(text: str) -> None:
    assert go_unquote(go_quote(text)) == text


@pytest.mark.parametrize(
    ("quoted", "text"),
    [(r'"\x41\102\u0043\U0001F600"', "ABC😀"), (r'"\xc3\xbc"', "ü"), ('"üé"', "üé")],
)
def test_escapes_that_go_reads(quoted: str, text: str) -> None:
    assert go_unquote(quoted) == text


@pytest.mark.parametrize(
    "quoted",
    [
        "",
        '"',
        "abc",
        '"a',
        r'"\"',
        r'"\q"',
        r'"\x4"',
        r'"\xff"',
        r'"\ud800"',
        r'"\UFFFFFFFF"',
        '"a"b"',
    ],
)
def test_what_is_no_quoted_text(quoted: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        go_unquote(quoted)


def test_alerts_are_sorted_as_alertmanager_sorts_them() -> None:
    expected: list[dict[str, str]] = [
        {"job": "a", "instance": "1"},
        {"job": "a", "instance": "2"},
        {"job": "a", "instance": "2", "x": "1"},
        {"job": "a", "x": "1"},
        {"job": "b", "instance": "1"},
        {"instance": "1", "x": "2"},
        {"x": "1"},
        {"b": "1", "x": "1"},
        {"a": "2", "x": "1"},
        {"a": "2", "x": "2"},
    ]
    shuffled = [*expected[5:], *expected[:5]]
    assert sorted(shuffled, key=alert_order) == expected
