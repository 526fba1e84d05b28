"""Informs: what is sent next and what answers mean, without a network."""

from typing import Any

import pytest
from pysnmp.proto.api import v2c

from trapgate.cli.inform import CORRECTIONS_MAX, CommunityInform, Undelivered, UsmInform
from trapgate.cli.notification import Notification, community_message, v2_pdu
from trapgate.cli.security import User
from trapgate.cli.usm import Engine, Unreadable, heard, message

NOC = User(b"noc", "authPriv", "sha-256", b"authpassphrase", "aes-128", b"privpassphrase")
NOBODY = User(b"", "noAuthNoPriv")
RECEIVER = Engine(bytes.fromhex("80001f880102030405"), 7, 1_000)
LINK_DOWN = Notification("1.3.6.1.6.3.1.1.5.3", ())
REQUEST_ID = 77


def inform_pdu() -> object:
    return v2_pdu(LINK_DOWN, inform=True, request_id=REQUEST_ID)


def response(request_id: int = REQUEST_ID, error: int = 0) -> Any:
    pdu = v2c.ResponsePDU()
    v2c.apiPDU.set_defaults(pdu)
    v2c.apiPDU.set_request_id(pdu, request_id)
    v2c.apiPDU.set_error_status(pdu, error)
    return pdu


def report(counter: int) -> Any:
    pdu = v2c.ReportPDU()
    v2c.apiPDU.set_defaults(pdu)
    name = v2c.ObjectIdentifier(f"1.3.6.1.6.3.15.1.1.{counter}.0")
    v2c.apiPDU.set_varbinds(pdu, [(name, v2c.Counter32(1))])
    return pdu


def answer(pdu: object, user: User = NOC, engine: Engine = RECEIVER) -> bytes:
    return message(pdu, user, engine, message_id=1)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def conversation(clock: Clock | None = None) -> UsmInform:
    return UsmInform(inform_pdu(), NOC, REQUEST_ID, clock=clock or Clock())


def test_the_engine_is_asked_for_then_used() -> None:
    clock = Clock()
    inform = conversation(clock)
    assert heard(inform.request(), NOBODY).engine == Engine()
    assert inform.meaning(answer(report(4), NOBODY)) == "again"
    clock.now = 20.9
    sent = heard(inform.request(), NOC)
    assert sent.authentic
    assert sent.engine == Engine(RECEIVER.engine_id, 7, 1_020)
    assert inform.meaning(answer(response())) == "acknowledged"


def test_a_clock_that_differs_is_corrected_by_an_authentic_report_only() -> None:
    inform = conversation()
    inform.meaning(answer(report(4), NOBODY))
    later = Engine(RECEIVER.engine_id, 9, 5)
    with pytest.raises(Undelivered, match="usmStatsNotInTimeWindows"):
        inform.meaning(answer(report(2), NOBODY, later))
    signed = User(b"noc", "authNoPriv", "sha-256", b"authpassphrase")
    assert inform.meaning(answer(report(2), signed, later)) == "again"
    assert heard(inform.request(), NOC).engine == later


def test_a_receiver_that_always_corrects_is_left() -> None:
    inform = conversation()
    for _ in range(CORRECTIONS_MAX):
        assert inform.meaning(answer(report(4), NOBODY)) == "again"
    with pytest.raises(Undelivered, match="usmStatsUnknownEngineIDs"):
        inform.meaning(answer(report(4), NOBODY))


@pytest.mark.parametrize(
    ("counter", "name"),
    [
        (1, "usmStatsUnsupportedSecLevels"),
        (3, "usmStatsUnknownUserNames"),
        (5, "usmStatsWrongDigests"),
        (6, "usmStatsDecryptionErrors"),
    ],
)
def test_a_report_is_told_by_its_counter(counter: int, name: str) -> None:
    with pytest.raises(Undelivered, match=f"refused with {name}: "):
        conversation().meaning(answer(report(counter), NOBODY))


def test_a_response_that_anybody_could_have_sent_is_none() -> None:
    assert conversation().meaning(answer(response(), NOBODY)) == "nothing"
    assert conversation().meaning(answer(response(REQUEST_ID + 1))) == "nothing"


def test_a_response_with_an_error() -> None:
    with pytest.raises(Undelivered, match="answered with the error"):
        conversation().meaning(answer(response(error=5)))


def test_an_answer_that_was_changed_on_the_way() -> None:
    whole = answer(response())
    for at in range(len(whole)):
        changed = whole[:at] + bytes((whole[at] ^ 0x55,)) + whole[at + 1 :]
        try:
            assert not heard(changed, NOC).authentic
        except Unreadable:
            continue


def test_answers_cut_anywhere() -> None:
    whole = answer(response())
    for size in range(len(whole)):
        with pytest.raises(Unreadable):
            heard(whole[:size], NOC)


def test_another_key_is_told() -> None:
    other = User(b"noc", "authPriv", "sha-256", b"authpassphrase", "aes-128", b"otherpassphrase")
    with pytest.raises(Undelivered, match="cannot be decrypted with this passphrase"):
        conversation().meaning(answer(response(), other))


@pytest.mark.parametrize("engine_id", [bytes(5), bytes(32), b"\x80" + bytes(31)])
def test_an_engine_id_of_zeros_is_not_taken_for_the_digest(engine_id: bytes) -> None:
    whole = answer(response(), NOC, Engine(engine_id, 0, 0))
    assert heard(whole, NOC).authentic
    assert engine_id in whole


def test_a_community_inform() -> None:
    def said(pdu: object) -> bytes:
        return community_message(pdu, "2c", "public")

    inform = CommunityInform(said(inform_pdu()), REQUEST_ID)
    assert inform.request() == inform.request()
    assert inform.meaning(said(response())) == "acknowledged"
    assert inform.meaning(said(response(REQUEST_ID + 1))) == "nothing"
    assert inform.meaning(said(inform_pdu())) == "nothing"
    assert inform.meaning(b"noise") == "nothing"
    with pytest.raises(Undelivered, match="answered with the error"):
        inform.meaning(said(response(error=16)))
