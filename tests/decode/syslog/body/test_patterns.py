"""What our patterns cost at the worst: they run on Python's engine, which can take its time."""

import re
from time import process_time

import pytest

from decode.syslog.bundled import TEXTS
from trapgate.config import load
from trapgate.decode.syslog.body.file import DialectFile
from trapgate.decode.syslog.body.patterns import SEARCHED_CHARS_MAX

OPEN_END = re.compile("[a-z]+ ")
"""Looks from each place of a text of letters to its end."""

OPEN_ENDS_MAX = 4
"""One pattern, on the longest text that it may see, costs at most what so many open ends do. The
slowest costs two; one with two open ends, one in the other, cost seven."""

LETTERS = "a" * SEARCHED_CHARS_MAX

UNITS = ("a", "a=", "a ", "a.", "a:", "1.1.1.1 ", "a,b ", '="', "PSU", "[a(", "a/1:")

_WORD = re.compile(r"[A-Za-z]{3,} ?")


@pytest.mark.parametrize("name", TEXTS)
def test_texts_that_nearly_fit_cost_little(name: str) -> None:
    file = load(TEXTS[name], name, DialectFile).value
    assert file is not None
    patterns = [text.text for text in file.body]
    patterns += [rule.pattern.text for rule in file.fields if rule.pattern is not None]
    most_s = OPEN_ENDS_MAX / 2 * _seconds(OPEN_END, LETTERS)
    for pattern in patterns:
        ready = re.compile(pattern, re.ASCII)
        for unit in (*UNITS, *_WORD.findall(pattern)[:4]):
            text = (unit * SEARCHED_CHARS_MAX)[:SEARCHED_CHARS_MAX]
            if _seconds(ready, text) >= most_s:  # it is slow, or the machine is just now
                assert _open_ends(ready, text) < OPEN_ENDS_MAX, (pattern, unit)


def _open_ends(pattern: re.Pattern[str], text: str) -> float:
    """How many times the cost of an open end it costs: the least, of measurements beside each
    other."""
    return min(_seconds(pattern, text) / _seconds(OPEN_END, LETTERS) for _ in range(5))


def _seconds(pattern: re.Pattern[str], text: str) -> float:
    """CPU time of a search."""
    before = process_time()
    pattern.search(text)
    return process_time() - before
