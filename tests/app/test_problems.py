"""Problems as text: the line, a caret under the column, and what to do."""

from trapgate.app.problems import LINE_SHOWN_MAX, one_line, report, with_source
from trapgate.model import Problem, Span

TEXTS = {"a.yml": "alert: A\n\tmach: x\n"}
UNKNOWN = Problem(
    "unknown-key", "error", 'unknown key "mach"', Span("a.yml", 2, 2), 'did you mean "match"?'
)


def test_on_one_line() -> None:
    assert one_line(UNKNOWN) == 'a.yml:2:2: unknown key "mach" (did you mean "match"?)'
    assert one_line(Problem("x", "error", "no place")) == "no place"
    assert one_line(Problem("x", "error", "whole file", Span("a.yml"))) == "a.yml: whole file"


def test_with_its_source() -> None:
    assert with_source(UNKNOWN, TEXTS) == (
        'a.yml:2:2: error: unknown key "mach" [unknown-key]\n'
        "     mach: x\n"
        "     ^\n"
        '    did you mean "match"?'
    )


def test_a_place_that_the_text_does_not_have_shows_no_line() -> None:
    beyond = Problem("yaml", "error", "unfinished", Span("a.yml", 3, 1))
    unknown = Problem("yaml", "error", "unfinished", Span("b.yml", 1, 1))
    assert with_source(beyond, TEXTS) == "a.yml:3:1: error: unfinished [yaml]"
    assert with_source(unknown, TEXTS) == "b.yml:1:1: error: unfinished [yaml]"


def test_a_report_is_in_the_order_of_places() -> None:
    def at(file: str, line: int, column: int) -> Problem:
        return Problem("x", "error", "s", Span(file, line, column))

    shuffled = [at("b.yml", 1, 1), at("a.yml", 10, 1), at("a.yml", 2, 9), at("a.yml", 2, 3)]
    lines = report([*shuffled, Problem("x", "error", "s")], {}).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "error",
        "a.yml:2:3",
        "a.yml:2:9",
        "a.yml:10:1",
        "b.yml:1:1",
    ]


def test_no_passphrase_is_shown() -> None:
    for line in ("auth_passphrase: geheim", "{privacy_passphrase: geheim, name: x}"):
        short = Problem("value", "error", "too short", Span("a.yml", 1, 1))
        assert "geheim" not in with_source(short, {"a.yml": line})


def test_of_a_long_line_the_part_around_the_column_is_shown() -> None:
    line = "".join(chr(97 + n % 26) for n in range(10_000))
    for column in (1, 60, 61, 5_000, 9_999, 10_000, 10_001):
        problem = Problem("x", "error", "s", Span("a.mib", 1, column))
        _, shown, caret = with_source(problem, {"a.mib": line}).splitlines()
        assert len(shown) <= 4 + LINE_SHOWN_MAX + 2
        assert len(caret) <= len(shown) + 1
        if column <= len(line):
            assert shown[caret.index("^")] == line[column - 1]
        assert shown.startswith("    …") == (column > 60)
        assert shown.endswith("…") == (column < 9_000)
