"""Whose line it is and when it was written, for the forms that vendors document.

The lines are our own. Every line is also read with spaces doubled, behind a relay, and without its
host: then the sender is the device, never another word.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from decode.syslog.lines import message_of
from trapgate.model import rfc3339


class Line(NamedTuple):
    """A line with `~` where its host stands (and what is around it in `head` and `tail`)."""

    text: str
    host: str = "sw-core"
    time: str | None = "2026-07-01T01:00:40"
    app: str | None = None
    message: str = ""


XR = "bgp[1051]: %ROUTING-BGP-5-MAXPFX : text"
DOWN = "%LINK-3-UPDOWN: Interface Te1/1, changed state to down"

IOS = (
    *(
        Line(f"45: ~: {mark}Jul  1 01:00:40{more}: {DOWN}")
        for mark in ("", "*", ".")
        for more in ("", ".123", " UTC", ".123 UTC", " GMT")
    ),
    Line(f"~: 000123: Jul  1 2026 01:00:40: {DOWN}"),
    Line(f"45: ~: 000123: {DOWN}", time=None),
    Line(f"45: ~: 2y10w: {DOWN}", time=None),
    Line(f"45: ~: 1w2d: {DOWN}", time=None),
    Line(f"~: 00:01:01: {DOWN}", time=None),
    Line(f"~: {DOWN}", time=None),
    Line(f": ~: Jul  1 01:00:40: {DOWN}"),
    Line(f'45: [syslog@9 s_sn="45"]: ~: Jul  1 01:00:40: {DOWN}'),
    Line(f"45: ~: Jul  1 2026 01:00:40 AM: {DOWN}"),
    Line(f"2026-07-01T01:00:40.208321+00:00 ~ {DOWN}"),
    Line(f"45: ~ RP/0/RSP1/CPU0:Jul  1 01:00:40.941 UTC: {XR}", app="bgp", message="%ROUTING"),
    Line(f"~ LC/0/0/CPU0:Jul  1 01:00:40.941 : {XR}", app="bgp", message="%ROUTING"),
    Line(f"~ CLC 6/0:2026 Jul  1 01:00:40.941 UTC: {XR}", app="bgp", message="%ROUTING"),
    Line(f"~ 0/RP0/CPU0: Jul  1 01:00:40.941 UTC: {XR}", app="bgp", message="%ROUTING"),
    Line("~: 2026 Jul  1 01:00:40 UTC: %ETHPORT-5-IF_UP: x", message="%ETHPORT"),
    Line("~ 2026 Jul  1 01:00:40 UTC: %ETHPORT-5-IF_UP: x", message="%ETHPORT"),
    Line("2026 Jul  1 01:00:40 ~ %$ VDC-1 %$ %ETHPORT-5-IF_UP: x", message="%ETHPORT"),
    Line("Jul  1 11:00:40 ~ AEST: %SFF8472-3-THRESHOLD: x", message="%SFF8472"),
    Line("Jul 01 2026 01:00:40 ~ : %ASA-4-106023: Deny", message="%ASA"),
    Line("Jul 01 2026 01:00:40 ~ %ASA-4-106023 Deny", message="%ASA"),
    Line("~ : %ASA-session-5-106100: x", time=None, message="%ASA"),
    Line("2026-07-01T01:00:40Z ~  %FTD-1-430003: EventPriority: Low", message="%FTD"),
    Line("Jul  1 01:00:40 ~ SFIMS : %FTD-5-430003: x", app="SFIMS", message="%FTD"),
    Line("~: *spamApTask1: Jul  1 01:00:40.123: %CAPWAP-3-X: x", app="spamApTask1"),
    Line("~: *emWeb: Jul  1 01:00:40.123: #AAA-5-AUTH: x", app="emWeb", message="#AAA"),
)

OTHERS = (
    Line("Jul  1 01:00:40 ~ Ebra: %LINEPROTO-5-UPDOWN: x", app="Ebra", message="%LINEPROTO"),
    Line("2026-07-01T01:00:40.123456+00:00 ~ Bgp: %BGP-5-ADJCHANGE: x", app="Bgp"),
    Line("Jul  1 01:00:40 ~ ConfigAgent: 33: %SYS-5-CONFIG_I: x", app="ConfigAgent"),
    Line("Jul  1 01:00:40  ~ rpd[2902]: RPD_BGP_NEIGHBOR: x", app="rpd", message="RPD"),
    Line("Jul  1 01:00:40.123 2026  ~ mgd[7]: UI_COMMIT: x", app="mgd", message="UI_"),
    Line("Jul  1 01:00:40  ~ fpc0 CMLC: x", message="x"),
    Line("Jul  1 01:00:40  ~ (FPC Slot 2, PIC Slot 0) ms20[115]: x", message="(FPC"),
    Line('1 2026-07-01T01:00:40Z ~ RT_FLOW - RT_X [junos@2636.1.1.1.2.129 a="b"] x', app="RT_FLOW"),
    Line(' 2026-07-01T01:00:40Z ~ RT_FLOW - RT_X [junos@2636.1.1.1.2.129 a="b"] x', app="RT_FLOW"),
    Line("2026-7-1 01:00:40.270.1 ~ %%01IFNET/4/IF_STATE(l)[4997]:x", message="%%01"),
    Line("Jul  1 2026 01:00:40+00:00 ~ %%01IFNET/4/IF_STATE(l)[4997]:x", message="%%01"),
    Line("2026-07-01 01:00:40+00:00 DST ~ %%01IFNET/4/IF_STATE(l)[4997]:x", message="%%01"),
    Line("Jul  1 01:00:40 2026 ~ %%10SC/6/SC_AAA(l): -AAAType=x", message="%%10"),
    Line("Jul  1 01:00:40:123 2026 ~ %%10SC/6/SC_AAA(l): -AAAType=x", message="%%10"),
    Line("Jul  1 01:00:40 ~ 1,2026/07/01 01:00:40,0128,SYSTEM,general", message="1,2026"),
    Line("2026-07-01T01:00:40.000+00:00 ~ 1,2026/07/01 01:00:40,0128,TRAFFIC", message="1,2026"),
    Line('1 2026-07-01T01:00:40Z ~ CheckPoint 1234 - [action:"Accept"; a:"1"]', app="CheckPoint"),
    Line("Jul  1 01:00:40 ~ CEF:0|Check Point|VPN-1|R81|Log|x|5|act=Drop", message="CEF"),
    Line("Jul  1 01:00:40 ~ LEEF:1.0|Palo Alto|PAN|9|x|src=192.0.2.1", message="LEEF"),
    Line("Jul  1 01:00:40 ~ notice mcpd[5123]: 01070639:5: x", app="mcpd", message="01070639"),
    Line("Jul  1 01:00:40 ~ err tmm1[9]: 01010025:3: x", app="tmm1", message="01010025"),
    Line("Jul  1 01:00:40 slot1/~ info logger: x", app="logger", message="x"),
    Line("Jul  1 01:00:40 ~ interface,info ether1 link down", message="interface,info"),
    Line("Jul  1 01:00:40 ~ forward: in:ether1 out:ether2", app="forward", message="in:ether1"),
    Line("Jul  1 01:00:40 ~ TMNX: 17 Base SYSTEM-WARNING-x-2009 [C]:  x", app="TMNX", message="17"),
    Line("Jul  1 01:00:40 ~ : 32 Base SYSTEM-WARNING-x-2009 [C]:  x", message="32"),
    Line("2026-07-01T01:00:40.123456+00:00 ~ lldpd[2407]: Event|404|LOG_INFO|x", app="lldpd"),
    Line(" Jul  1 01:00:40 ~ 00077 ports:  port 5 is now off-line", app="ports", message="port 5"),
    Line("~ 00179 mgr: x", time=None, app="mgr", message="x"),
    Line("Jul  1 01:00:40 ~, System: Interface ethernet 1/1, state down", app="System"),
    Line("~, System: Interface ethernet 1/1, state down", time=None, app="System"),
    Line("Jul  1 01:00:40 ~ System: Interface ethernet 1/1, state down", app="System"),
    Line(
        "1 2026-07-01T01:00:40Z ~ dn_alm 1041 - - Node.1-Unit.1:PRI [event], Dell EMC", app="dn_alm"
    ),
    Line("Jul  1 01:00:40.123456 ~ INFO swss#orchagent: :- doTask: x", app="swss#orchagent"),
    Line("Jul  1 01:00:40.123456 ~ NOTICE bgp#bgpcfgd: x", app="bgp#bgpcfgd"),
    Line("~ portmanager 2026-Jul- 1 01:00:40 x", app="portmanager", message="x"),
    Line("Jul  1 01:00:39 ~ portmanager 2026-Jul- 1 01:00:40 x", app="portmanager", message="x"),
    Line("Jul  1 01:00:40 ~,f09fc2aabbcc,v4.0.66.10832: hostapd[7]: ath0", app="hostapd"),
    Line("Jul  1 01:00:40 ~ U7PG2,f09fc2aabbcc,v4.0.66.10832: hostapd: ath0", app="hostapd"),
    Line('Jul  1 01:00:40 ~ ("U7PG2,f09fc2aabbcc,v4.0.66.10832") hostapd: ath0', app="hostapd"),
    Line("1 1782867640.774247467 ~ security_event ids_alerted x=1", app="security_event"),
    Line(
        "Jul  1 01:00:40 ~ f09fc2aabbcc,UAP-AC-Pro-Gen2-4.3.28+11361: hostapd[3]: x", app="hostapd"
    ),
    Line("Jul  1 01:00:40 ~ -- MARK --"),
    Line("Jul  1 01:00:40 ~ last message repeated 3 times"),
    Line("Wed Jul  1 01:00:40 2026 ~ sshd[7]: x", app="sshd"),
    Line("Jul  1 01:00:40 UTC 2026 ~ sshd[7]: x", app="sshd"),
    Line("1 Jul 2026 01:00:40 ~ sshd[7]: x", app="sshd"),
    Line("2026/07/01 01:00:40 ~ sshd[7]: x", app="sshd"),
    Line("07/01/2026:01:00:40 GMT ~ 0-PPE-0 : default TCP x"),
    Line("20260701T010040Z ~ sshd[7]: x", app="sshd"),
    Line("Jul  1 01:00:40 Message forwarded from ~: sshd[7]: x", app="sshd"),
    Line("Jul  1 01:00:40 ~ ~ sshd[7]: x", app="sshd"),
)

LINES = (*IOS, *OTHERS)
HOSTS = (
    *("sw-core", "r1", "a", "gw", "7750-core", "lab_sw_3", "error", "local", "HQ-FW", "CORE"),
    *("core.example.net", "192.0.2.77", "re0.mx1", "mx1-re0", "Router", "3com-4", "PE1.lab"),
)


def check(line: Line, text: str, host: str | None) -> None:
    message = message_of(f"<189>{text}")
    assert message.hostname == host, text
    when = None if message.timestamp is None else rfc3339(message.timestamp, digits=0)[:-1]
    assert when == line.time, text
    if line.app is not None:
        assert message.appname == line.app, text
    assert message.message.startswith(line.message), text


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.text[:60])
def test_the_host_is_the_one_that_is_named(line: Line) -> None:
    for host in HOSTS:
        check(line, line.text.replace("~", host), host)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.text[:60])
def test_an_address_is_a_host_too(line: Line) -> None:
    if ",f09f" not in line.text and "slot1" not in line.text:
        for host in ("2001:db8::7", "fe80::1"):
            if "forwarded" not in line.text:
                check(line, line.text.replace("~", host), host)


def without_host(line: Line) -> Iterator[str]:
    for around in ("slot1/~ ", "~: ", "~ : ", "~, ", "~ "):
        if around in line.text:
            yield line.text.replace(around, "")
            return


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.text[:60])
def test_without_a_host_there_is_none(line: Line) -> None:
    if line.text.startswith("1 ") or "forwarded" in line.text or ",f09f" in line.text:
        return  # by position, or without the host no such form
    for text in without_host(line):
        assert message_of(f"<189>{text}").hostname is None, text


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.text[:60])
@pytest.mark.parametrize("relay", ["192.0.2.200", "relay-7"])
def test_behind_a_relay_the_inner_header_wins(line: Line, relay: str) -> None:
    if (
        line.time is None
        or "forwarded" in line.text
        or line.text[0] in "1 "
        or line.text.startswith("~ port")
    ):
        return
    text = f"Jul  1 02:02:02 {relay} {line.text.replace('~', 'sw9')}"
    check(line, text, "sw9")
    assert message_of(f"<189>{text}").relay == relay
    named = f"<13>Jul  1 02:02:02 {relay} <189>{line.text.replace('~', 'sw9')}"
    message = message_of(named)
    assert (message.hostname, message.relay) == ("sw9", relay)
    assert (message.facility, message.severity) == (23, 5)


@pytest.mark.parametrize(
    "text",
    [
        "Jul  1 01:00:40 Interface eth0: down",
        "Jul  1 01:00:40 port1 link: up",
        "Jul  1 01:00:40 Interface state=down",
        "Jul  1 01:00:40 User name=admin left",
        "Jul  1 01:00:40 Primary link: down",
        "Jul  1 01:00:40 802.1x authentication failed",
        "Jul  1 01:00:40 10Gbps link lost",
        "Jul  1 01:00:40 IPv6 address added",
        "Jul  1 01:00:40 notice mcpd[5123]: x",
        "Jul  1 01:00:40 INFO swss#orchagent: x",
        "Jul  1 01:00:40 local7.notice sshd[3]: x",
        "Jul  1 01:00:40 fpc0 kernel: x",
        "Jul  1 01:00:40 <IP> : %ASA-4-106023: x",
        'Jul  1 01:00:40 ("U7PG2,f09fc2aabbcc,v4.0.66.10832") hostapd: x',
        "Jul  1 01:00:40 interface,info ether1 link down",
        "Jul  1 01:00:40:I:System: Interface ethernet 1/1, state down",
        "Jul  1 01:00:40: %STKUNIT0-M:CP %SEC-5-LOGIN: x",
        "Jul  1 01:00:40 R0/0: cpp_cp: x",
        "CLC 6/0:Jul  1 01:00:40.941 UTC: bgp[1051]: %ROUTING-BGP-5-MAXPFX : x",
        "interface,info ether1 link down",
        "1,2026/07/01 01:00:40,0128,SYSTEM,general",
        "system error critical login failure for user admin",
        "-- MARK --",
        "root: %SYS-5-CONFIG_I: x",
    ],
)
def test_a_word_of_the_text_is_no_host(text: str) -> None:
    assert message_of(f"<189>{text}").hostname is None


def test_the_node_is_not_the_host() -> None:
    message = message_of(f"<189>45: RP/0/RSP1/CPU0:Jul  1 01:00:40.941 UTC: {XR}")
    assert (message.hostname, message.node) == (None, "RP/0/RSP1/CPU0")
    assert (message.appname, message.procid, message.sequence) == ("bgp", "1051", 45)


def test_a_stack_member_is_its_stack() -> None:
    message = message_of("<189> Jul  1 01:00:40 192.0.2.7-1 TRAPMGR[trapTask]: x %% NOTE Link Up")
    assert (message.hostname, message.appname, message.procid) == (
        "192.0.2.7",
        "TRAPMGR",
        "trapTask",
    )


def test_a_severity_word_is_a_severity() -> None:
    message = message_of("Jul  1 01:00:40 sonic ERR swss#orchagent: x")
    assert (message.severity, message.vendor_severity) == (None, 3)


@pytest.mark.parametrize(
    ("line", "app", "level", "message"),
    [
        ("Jul  1 01:00:40:E:System: fan failed", "System", 3, "fan failed"),
        ("Jul  1 01:00:40:M:System: power lost", "System", 0, "power lost"),
        ("W 07/01/26 01:00:40 00077 ports: port 7 flaps", "ports", 4, "port 7 flaps"),
        ("Jul  1 01:00:40 gate7 user.err kernel: x", "kernel", 3, "x"),
        ("Jul  1 01:00:40 gate7 daemon.warn dnsmasq[4]: x", "dnsmasq", 4, "x"),
        ("Jul  1 01:00:40 s1 ERR lldp0#lldp-syncd [lldp] x", "lldp0#lldp-syncd", 3, "[lldp] x"),
        ("Jul  1 01:00:40 s1 INFO pmon#psud x", "pmon#psud", 6, "x"),
        ("Jul  1 01:00:40 ICX-7 192.0.2.43 System: x", "System", None, "x"),
        ("Jul  1 01:00:40 192.0.2.43 ICX-7 System: x", None, None, "ICX-7 System: x"),
        ("Jul  1 01:00:40 u3 001122334455,USW-7.5.1: : fanctrl[9]: x", "fanctrl", None, "x"),
        ("Jul  1 01:00:40 sw3 IFNET/3/PHY_UPDOWN: x", None, None, "IFNET/3/PHY_UPDOWN: x"),
        ("Jul  1 01:00:40 - logger: x", "logger", None, "x"),
        ("Jul  1 01:00:40 - 7 of 9", None, None, "- 7 of 9"),
        ("WLCB1: -Traceback: 0x1", None, None, "-Traceback: 0x1"),
    ],
)
def test_the_program_the_level_and_the_text(
    line: str, app: str | None, level: int | None, message: str
) -> None:
    read = message_of(line)
    assert (read.appname, read.vendor_severity, read.message) == (app, level, message)


def test_a_zone_that_nobody_knows_is_a_problem_and_no_relay() -> None:
    message = message_of("<166>Jul 01 2026 01:00:40 LAB fw7 : %ASA-6-302013: x")
    assert (message.hostname, message.relay, message.appname) == ("fw7", None, None)
    assert [problem.code for problem in message.problems] == ["unknown-zone"]


def test_kiwi_is_a_relay() -> None:
    text = "1 2026-07-01T01:00:41Z kiwi7 Kiwi_SyslogNet_Server 33 MSGOUT the uplink is down"
    message = message_of(f"<190>Original Address=192.0.2.9 {text}")
    assert (message.hostname, message.relay) == ("192.0.2.9", "kiwi7")
    assert message_of("<190>Original Address=nowhere x").hostname is None


def test_relays_of_relays() -> None:
    text = "<13>Jul  1 03:03:03 192.0.2.200 Jul  1 02:02:02 rel2 Jul  1 01:00:40 sw9 sshd[3]: x"
    message = message_of(text)
    assert (message.hostname, message.relay, message.appname) == ("sw9", "192.0.2.200", "sshd")


def test_a_relay_that_writes_rfc_5424() -> None:
    text = f"<13>1 2026-07-01T02:02:02Z rel app 7 - - <189>45: sw9: Jul  1 01:00:40: {DOWN}"
    message = message_of(text)
    assert (message.hostname, message.relay, message.sequence) == ("sw9", "rel", 45)
    assert (message.format, message.facility, message.appname) == ("cisco-ios", 23, None)
    plain = message_of("<13>1 2026-07-01T02:02:02Z rel app 7 - - <b>bold</b>")
    assert (plain.hostname, plain.relay, plain.appname) == ("rel", None, "app")


def test_an_address_in_brackets() -> None:
    message = message_of(f"<189>45: [2001:db8::1]: Jul  1 01:00:40: {DOWN}")
    assert (message.hostname, message.sequence) == ("2001:db8::1", 45)


def test_a_relay_is_the_host_of_a_header_that_names_none() -> None:
    message = message_of(f"<13>Jul  1 02:02:02 192.0.2.9 45: Jul  1 01:00:40: {DOWN}")
    assert (message.hostname, message.relay, message.sequence) == ("192.0.2.9", None, 45)
