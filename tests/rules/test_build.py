import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.samples import LINK, rule, rules
from trapgate.model import By, Problem
from trapgate.model.query import Word
from trapgate.rules import build_rules
from trapgate.rules.build import rule_uid


def problems(text: str) -> list[Problem]:
    return list(build_rules({"rules.yml": text})[1])


def told(text: str) -> list[str]:
    return [f"{p.span}: {p.code}: {p.summary} | {p.help}" for p in problems(text)]


def with_rule(body: str) -> str:
    """A file with one rule, whose lines begin in line 4, column 5."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"groups:\n- name: g\n  rules:\n  -{lines[3:]}\n"


def test_a_rule_is_built() -> None:
    built = rule()
    assert (built.group, built.alert) == ("network", "InterfaceDown")
    assert (built.match, built.clear) == (Word("event.code", "down"), Word("event.code", "up"))
    assert built.by == (By("device", ("host.name",)), By("interface", ("interface.name",)))
    assert built.labels == {"team": "noc", "severity": "critical"}
    assert list(built.annotations) == ["summary"]
    assert built.captures == ("message",)
    assert str(built.span) == "rules.yml:5:5"


@pytest.mark.parametrize(
    ("by", "parts"),
    [
        ("host.name", (By("host_name", ("host.name",)),)),
        (
            "[host.name, [interface.name, snmp.vb.ifDescr]]",
            (
                By("host_name", ("host.name",)),
                By("interface_name", ("interface.name", "snmp.vb.ifDescr")),
            ),
        ),
        (
            "{device: host.name, port: [interface.name, snmp.vb.ifDescr]}",
            (By("device", ("host.name",)), By("port", ("interface.name", "snmp.vb.ifDescr"))),
        ),
        ("[labels.a-b]", (By("labels_a_b", ("labels.a-b",)),)),
        ("[]", ()),
    ],
)
def test_by_has_several_shapes(by: str, parts: tuple[By, ...]) -> None:
    text = with_rule(f"alert: A\nmatch: event.code:a\nclear: event.code:b\nby: {by}")
    assert rule(text).by == parts


def test_files_and_groups_are_read_in_order() -> None:
    second = with_rule("alert: B\nmatch: event.code:a\nclear: event.code:b")
    built, found = build_rules({"a.yml": LINK, "empty.yml": "", "b.yml": second})
    assert ([each.alert for each in built], found) == (["InterfaceDown", "B"], ())
    assert built[1].span.file == "b.yml"


class TestIdentity:
    UID = "4d338ba13794dc93"

    def test_the_uid_is_persisted_so_it_never_changes(self) -> None:
        by = (By("device", ("host.name", "source.ip")),)
        assert rule_uid("g", "A", "event.code:a", "", by) == self.UID

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("critical", "warning"),
            ("summary", "description"),
            ("{team: noc}", "{}"),
            ("match: event.code:down", "match: >\n      event.code:down\n"),
        ],
    )
    def test_it_outlives_edits_that_change_no_state(self, old: str, new: str) -> None:
        assert old in LINK
        assert rule(LINK.replace(old, new)).uid == rule().uid

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("name: network", "name: other"),
            ("alert: InterfaceDown", "alert: Other"),
            ("event.code:down", "event.code:other"),
            ("event.code:up", "event.code:other"),
            ("interface: interface.name", "interface: snmp.vb.ifDescr"),
            ("{device: host.name, interface", "{device: host.name, port"),
        ],
    )
    def test_it_changes_with_what_the_state_means(self, old: str, new: str) -> None:
        text = LINK.replace(old, new).replace("labels.interface", "labels.device")
        assert rule(text).uid != rule().uid


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "alert: A\nmatch: evnt.code:a\nclear: event.code:b",
            'rules.yml:5:12: query: match: there is no field "evnt.code" | '
            'did you mean "event.code"?',
        ),
        (
            "alert: A\nmatch: 'event.code:a and or'\nclear: event.code:b",
            'rules.yml:5:30: query: match: a condition must follow here, but "or" stands here | '
            "write field:value",
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: >\n  event.code:b and\n  nope:x",
            'rules.yml:6:12: query: clear: there is no field "nope" | ',
        ),
        (
            'alert: A\nmatch: ""\nclear: event.code:b',
            "rules.yml:5:12: query: match: every event would meet it | "
            "write event.code:* for all events that have a code",
        ),
        (
            "alert: A\nmatch: event.code:a and event.code:b\nclear: event.code:b",
            "rules.yml:5:12: query: match: no event has two codes at once | "
            "join alternatives with or",
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:a",
            'rules.yml:6:12: query: "clear" is the same query as "match": '
            "nothing would ever be raised | ",
        ),
        (
            "alert: ''\nmatch: event.code:a\nclear: event.code:b",
            "rules.yml:4:5: value: an alert needs a name | ",
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:b\nby: {0x: host.name}",
            'rules.yml:7:10: label: "0x" cannot be a label | '
            "letters, digits and _ make a label, and no digit starts one",
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:b\nby: {d: hostname}",
            'rules.yml:7:13: field: by: there is no field "hostname" | '
            'did you mean "log.syslog.hostname"?',
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:b\nby: [host.name, host.name]",
            'rules.yml:7:21: label: "by" has the label "host_name" twice | '
            "give one of them another name: {name: field}",
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:b\nby: [{a: b}]",
            'rules.yml:7:10: value: "by": a field\'s name must stand here | '
            "write a field (host.name) or a list of fields",
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:b\nby: {d: host.name}\n"
            "labels: {d: x}",
            'rules.yml:8:17: label: the label "d" is one of "by" already | '
            "give one of them another name",
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:b\nlabels: {alertname: x}",
            'rules.yml:7:25: label: the label "alertname" is the name in "alert" | ',
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:b\nlabels: {n: '{{ count }}'}",
            'rules.yml:7:17: template: "n": there is no variable "count" | there are labels, event',
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:b\nannotations:\n"
            "  summary: '{{ labels.device }}'",
            'rules.yml:8:16: template: "summary": there is no label "device" | there are alertname',
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:b\nannotations:\n"
            "  summary: |\n    fine\n    {{ nope",
            'rules.yml:8:16: template: "summary" (line 2 of it): unexpected end of template, '
            "expected 'end of print statement' | ",
        ),
        (
            "alert: A\nmatch: event.code:a\nclear: event.code:b\nannotations:\n"
            "  summary: '{{ event[\"host\"] }}'",
            'rules.yml:8:16: field: "summary": there is no field "host" | '
            'did you mean "host.name"?',
        ),
        (
            "alert: A\nclear: event.code:b",
            'rules.yml:4:5: missing-key: an item of "rules" needs "match" | ',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(body: str, expected: str) -> None:
    assert told(with_rule(body)) == [expected]
    assert build_rules({"rules.yml": with_rule(body)})[0] == ()


@pytest.mark.parametrize("key", ["expr", "for", "keep_firing_for", "flap", "expire", "extract"])
def test_what_a_rule_cannot_do_yet_is_refused_by_name(key: str) -> None:
    (found,) = problems(with_rule(f"alert: A\nmatch: event.code:a\nclear: event.code:b\n{key}: 5m"))
    assert found.code == "not-supported-yet"
    assert found.summary.startswith(f'"{key}" is not supported yet: ')


@pytest.mark.parametrize("key", ["interval", "limit", "query_offset"])
def test_what_a_group_cannot_do_yet_is_refused_by_name(key: str) -> None:
    (found,) = problems(f"groups:\n- name: g\n  {key}: 5\n")
    assert found.summary.startswith(f'"{key}" is not supported yet: ')


def test_a_groups_labels_are_plain() -> None:
    text = LINK.replace("{team: noc}", "{team: '{{ labels.device }}', 1x: y}")
    assert told(text) == [
        "rules.yml:3:18: template: a group's labels are plain text | "
        "put the template into the labels of its rules",
        'rules.yml:3:45: label: "1x" cannot be a label | '
        "letters, digits and _ make a label, and no digit starts one",
    ]


def test_a_rule_without_clear_is_a_warning() -> None:
    built, (found,) = build_rules({"rules.yml": with_rule("alert: A\nmatch: event.code:a")})
    assert (found.code, found.severity, str(found.span)) == (
        *("never-clears", "warning", "rules.yml:4:5"),
    )
    assert "fires until its rule is removed" in found.summary
    assert built[0].clear is None


def test_the_same_rule_twice_is_a_problem() -> None:
    (found,) = build_rules({"a.yml": LINK, "b.yml": LINK.replace("critical", "warning")})[1]
    assert (found.code, str(found.span)) == ("duplicate-rule", "b.yml:5:5")
    assert "a.yml:5:5" in found.summary


def test_all_problems_are_told_at_once() -> None:
    text = LINK.replace("code:down", "cod:down").replace("labels.device", "labels.devise")
    assert [found.code for found in problems(text)] == ["query", "template"]


def test_a_rule_beside_a_wrong_one_is_built() -> None:
    wrong = "  - alert: Wrong\n    match: x:y\n    clear: event.code:up\n"
    built, found = build_rules({"rules.yml": LINK + wrong})
    assert ([each.alert for each in built], len(found)) == (["InterfaceDown"], 1)


@given(st.text(max_size=40), st.sampled_from(("critical", "event.code:up", "host.name", "{team")))
def test_no_text_raises(noise: str, place: str) -> None:
    build_rules({"rules.yml": LINK.replace(place, noise)})
    assert rules() == build_rules({"rules.yml": LINK})[0]
