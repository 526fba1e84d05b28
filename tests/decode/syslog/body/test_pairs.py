"""Bodies that name their values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.decode.syslog.body.pairs import (
    PAIRS_MAX,
    PARTS_MAX,
    VALUE_CHARS_MAX,
    _cells,
    may_name,
    read_cef,
    read_cells,
    read_leef,
    read_listed,
    read_pairs,
)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", {}),
        ("a=1 b=two", {"a": "1", "b": "two"}),
        ('a="x y" b=""', {"a": "x y", "b": ""}),
        (r'a="say \"hi\" \\ \]"', {"a": r'say "hi" \ ]'}),
        ("a='x y' b=1", {"a": "x y", "b": "1"}),
        ('[action:"Drop"; src:"10.0.0.1"]', {"action": "Drop", "src": "10.0.0.1"}),
        ("a=1, b=2; c=3)", {"a": "1", "b": "2", "c": "3"}),
        ("a=f(x) b=ssh(10.0.0.1)", {"a": "f(x)", "b": "ssh(10.0.0.1)"}),
        ("a=1 a=2", {"a": "1"}),
        ("a= b=1", {"a": "", "b": "1"}),
        ('a="never closed', {"a": '"never'}),
        ("a=[2001:db8::1] b=[c] d=[e", {"a": "2001:db8::1", "b": "c", "d": "[e"}),
        ("[a=[1], b=2]", {"a": "1", "b": "2"}),
        ("no pairs at all: 1", {}),
    ],
)
def test_pairs(text: str, pairs: dict[str, str]) -> None:
    assert read_pairs(text) == pairs


def test_listed_values_may_have_blanks() -> None:
    text = "It failed. (A=two words, B=c, C=Hold Timer Expired)"
    assert read_listed(text, ",") == {"A": "two words", "B": "c", "C": "Hold Timer Expired"}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("(-9.Name=1", {"Name": "1"}),
        ("two words=1,é_a-b.9=2", {"words": "1", "_a-b.9": "2"}),
        ("a=b=1,9=1,=1,(=1,b", {"b": "1"}),
        ("a=1,a=2", {"a": "1"}),
        ("k" * 70 + "=1", {"k" * 64: "1"}),
    ],
)
def test_a_listed_key_is_the_word_before_the_sign(text: str, pairs: dict[str, str]) -> None:
    assert read_listed(text, ",") == pairs


@pytest.mark.parametrize(
    ("text", "separator", "pairs"),
    [
        (
            '(A="ftp", B=198.51.100.9, C="the name, or D=1 is wrong", E=5)',
            ",",
            {"A": "ftp", "B": "198.51.100.9", "C": "the name, or D=1 is wrong", "E": "5"},
        ),
        ('A="", B=1', ",", {"A": "", "B": "1"}),
        ('A="never closed, B=1', ",", {"A": '"never closed', "B": "1"}),
        ('A=5", B="6"', ",", {"A": '5"', "B": "6"}),
        (
            "IfName=Ten-GigabitEthernet1/0/4-MACAddr=0000-5e00-5331-VLANID=44",
            "-",
            {"IfName": "Ten-GigabitEthernet1/0/4", "MACAddr": "0000-5e00-5331", "VLANID": "44"},
        ),
        ("A=1; -B=2; C left, D-E", "-", {"A": "1", "B": "2; C left, D-E"}),
        ("(A=1, B=2), then more, and more", ",", {"A": "1", "B": "2"}),
        ("A=1; , then more", ",", {"A": "1"}),
        ("no key, A=x, y, z", ",", {"A": "x, y, z"}),
        ("a=1, a=2, 3", ",", {"a": "1"}),
        ("(A=[10.0.0.1], B=[2001:db8::1])", ",", {"A": "10.0.0.1", "B": "2001:db8::1"}),
        ("A=It failed.|B=10.384_..|C=x||D=end.", "|",
         {"A": "It failed.", "B": "10.384_..", "C": "x", "D": "end"}),
    ],
)  # fmt: skip
def test_listed_values_end_where_they_end(text: str, separator: str, pairs: dict[str, str]) -> None:
    assert read_listed(text, separator) == pairs


LISTED = st.text("abc XYZ019.:/_", max_size=20).map(str.strip).filter(bool)


@given(st.dictionaries(st.text("abcXYZ_", min_size=1, max_size=8), LISTED, max_size=12))
def test_what_is_in_quotes_between_separators_comes_back(values: dict[str, str]) -> None:
    for separator in (",", "|", "-"):
        inner = f"{separator} q=1{separator}"
        whole = {key: f"{value}{inner}" for key, value in values.items()}
        written = separator.join(f'{key}="{value}"' for key, value in whole.items())
        assert read_listed(f"({written})", separator) == whole


@pytest.mark.parametrize("unit", ['a="', "a=", "=", '="', '"', ",", "a=b,", "b,", 'a=",', "-"])
def test_a_long_listed_text_is_read_in_one_go(unit: str) -> None:
    # quadratic work would take seconds each time; the bound is the test run's own
    text = "k=1," + unit * 65_536
    for separator in (",", "-", '"'):
        for _ in range(20):
            assert len(read_listed(text, separator)) <= PAIRS_MAX


def test_many_listed_parts_are_cut() -> None:
    assert len(read_listed(",".join(f"k{n}=v" for n in range(1_000)), ",")) == PAIRS_MAX
    parts = ",".join(["x"] * PARTS_MAX)
    assert read_listed(f"{parts},a=1", ",") == {}


PARTS = st.lists(
    st.sampled_from(
        ("a", "b.c", "9", "=", ":", '"', "'", " ", ",", ";", ")", "(", "k" * 70, "é", "\n")
    ),
    max_size=24,
).map("".join)


@given(PARTS)
def test_a_text_without_a_backslash_is_read_as_one_with_it(text: str) -> None:
    pairs = dict(read_pairs(f"{text} \\"))
    assert read_pairs(f"{text} ") == pairs


@given(PARTS)
def test_what_cannot_name_anything_does_not(text: str) -> None:
    if not may_name(text):
        assert not read_pairs(text)
        assert not read_listed(text, ",")


def test_cef() -> None:
    found = read_cef(r"CEF:0|A\|B|P|1|7|n|5|msg=a\=b c\nd src=10.0.0.1 cs1Label=x")
    assert found["deviceVendor"] == "A|B"
    assert (found["signatureId"], found["cefSeverity"]) == ("7", "5")
    assert (found["msg"], found["src"], found["cs1Label"]) == ("a=b c\nd", "10.0.0.1", "x")
    assert read_cef("CEF:0|A|B|1|7|n|5|")["name"] == "n"
    assert read_cef("CEF:0|A|B") == {}


@pytest.mark.parametrize(
    ("said", "separator"), [("^", "^"), ("x5E", "^"), ("0x7c", "|"), ("", "\t")]
)
def test_leef_2_names_its_separator(said: str, separator: str) -> None:
    found = read_leef(f"LEEF:2.0|A|B|1|7|{said}|src=10.0.0.1{separator}msg=a b=c")
    assert (found["eventId"], found["src"], found["msg"]) == ("7", "10.0.0.1", "a b=c")


def test_leef_1_has_tabs() -> None:
    assert read_leef("LEEF:1.0|A|B|1|7|src=10.0.0.1\tsev=3")["sev"] == "3"


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_leef_with_bars_for_tabs(version: str) -> None:
    found = read_leef(f"LEEF:{version}|A|B|1|7|src=1|dst=5.6.7.8|url=a|b|msg=a b=c")
    assert (found["src"], found["dst"]) == ("1", "5.6.7.8")
    assert (found["url"], found["msg"]) == ("a|b", "a b=c")
    tabs = read_leef(f"LEEF:{version}|A|B|1|7|src=1|dst=2\tmsg=c")
    assert (tabs["src"], tabs["msg"]) == ("1|dst=2", "c")


def test_cef_with_values_in_quotes() -> None:
    found = read_cef('CEF:0|A|B|1|7|n|5|act="DROP" msg="a query" x="a" and "b" y="')
    assert (found["act"], found["msg"]) == ("DROP", "a query")
    assert (found["x"], found["y"]) == ('"a" and "b"', '"')


def test_cells() -> None:
    assert read_cells('1,"a,b",,"say ""hi""",x') == ("1", "a,b", "", 'say "hi"', "x")
    assert read_cells("a,b,") == ("a", "b", "")


@given(st.text(alphabet="ab=\":,;|\\ \t^()[]'CEFL0.", max_size=400))
def test_any_text_has_bounded_pairs(text: str) -> None:
    for found in (read_pairs(text), read_cef(text), read_leef(text), read_listed(text, ",")):
        assert all(len(value) <= VALUE_CHARS_MAX for value in found.values())
    assert len(read_cells(text)) <= PAIRS_MAX


def test_many_pairs_are_cut() -> None:
    assert len(read_pairs(" ".join(f"k{n}=v" for n in range(1_000)))) == PAIRS_MAX
    assert len(read_pairs("a=" + "x" * 5_000)["a"]) == VALUE_CHARS_MAX


@given(st.lists(st.text('",ab ', max_size=6), max_size=8))
def test_cells_with_quotes_are_those_that_one_look_at_each_finds(cells: list[str]) -> None:
    plain, quoted = ",".join(cells), ",".join(f'"{cell}"' for cell in cells)
    for text in (plain, quoted, f"a,{quoted},b", f"{plain},{quoted}"):
        assert read_cells(text) == (tuple(_cells(text)) if '"' in text else tuple(text.split(",")))


@given(st.lists(st.text("|\\ab", max_size=6), min_size=8, max_size=8))
def test_parts_between_bars_come_back(parts: list[str]) -> None:
    written = [part.replace("\\", "\\\\").replace("|", "\\|") for part in parts]
    pairs = read_cef(f"CEF:0|{'|'.join(written[1:7])}|")
    assert list(pairs.values()) == parts[1:7]
