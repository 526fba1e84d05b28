from query.events import RECEIVED_AT, event
from rules.samples import rules
from trapgate.model import Match
from trapgate.rules import Matcher
from trapgate.rules.matcher import CAPTURED_CHARS_MAX, KEY_CHARS_MAX

RULES = """\
groups:
- name: g
  rules:
  - alert: Link
    match: event.code:(down or flap)
    clear: event.code:up
    by:
      device: host.name
      interface: [interface.name, snmp.vb.ifDescr]
    annotations: {summary: '{{ event["message"] }} {{ event["log.level"] }}'}
  - alert: Words
    match: message:fire
    clear: message:quenched
    by: host.name
  - alert: Late
    match: event.code:down and labels.site:ber1
    clear: event.code:up
"""

LINK, WORDS, LATE = rules(RULES)
MATCHER = Matcher((LINK, WORDS, LATE))


def names(code: str, message: str = "", site: str = "ber1") -> list[tuple[str, str]]:
    """Which rules an event raises or clears."""
    found = MATCHER.matches(event(code=code, message=message, labels={"site": site}))
    uids = {LINK.uid: "Link", WORDS.uid: "Words", LATE.uid: "Late"}
    return [(uids[match.rule], match.verb) for match in found]


def test_an_event_meets_the_rules_of_its_code_and_those_without_one_in_their_order() -> None:
    assert names("down", "fire") == [("Link", "raise"), ("Words", "raise"), ("Late", "raise")]
    assert names("down", site="muc1") == [("Link", "raise")]
    assert names("up", "fire") == [("Link", "clear"), ("Words", "raise"), ("Late", "clear")]
    assert names("flap") == [("Link", "raise")]
    assert names("other", "fire") == [("Words", "raise")]
    assert names("") == []


def test_an_event_that_meets_both_sides_clears() -> None:
    assert names("x", "fire quenched") == [("Words", "clear")]


def test_a_match_carries_what_the_engine_needs() -> None:
    raised = event(
        code="down",
        timestamp=RECEIVED_AT - 5,
        clock="device:r1",
        fields={"snmp.vb.ifDescr": "Gi0/1"},
        message="it is down",
    )
    assert MATCHER.matches(raised)[0] == Match(
        rule=LINK.uid,
        key=("r1", "Gi0/1"),
        verb="raise",
        event_id="e1",
        timestamp=RECEIVED_AT - 5,
        received_at=RECEIVED_AT,
        clock="device:r1",
        captured={"message": "it is down"},
    )


def test_a_clear_has_the_same_key_and_captures_nothing() -> None:
    fields = {"interface.name": "Gi0/1", "snmp.vb.ifDescr": "other"}
    (match, _) = MATCHER.matches(event(code="up", fields=fields))
    assert (match.key, match.captured) == (("r1", "Gi0/1"), {})


def test_a_key_value_that_is_missing_is_empty_and_several_are_joined() -> None:
    assert MATCHER.matches(event(code="down"))[0].key == ("r1", "")
    several = event(code="down", fields={"interface.name": ("a", "b")})
    assert MATCHER.matches(several)[0].key == ("r1", "a, b")


def test_what_a_device_sends_is_cut() -> None:
    long = event(code="down", fields={"interface.name": "x" * 70_000}, message="y" * 70_000)
    match = MATCHER.matches(long)[0]
    assert match.key == ("r1", "x" * KEY_CHARS_MAX)
    assert match.captured == {"message": "y" * CAPTURED_CHARS_MAX}


def test_no_rules_match_nothing() -> None:
    assert Matcher(()).matches(event()) == ()
