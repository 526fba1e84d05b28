"""Stored forms: what is written is read again, what is newer is refused."""

import msgspec
import pytest

from alerting.samples import GROUP, WEBHOOK, alert, at, entry
from trapgate.alerting.codec import (
    UnknownSchema,
    alert_key,
    decode_alert,
    decode_log,
    encode_alert,
    encode_log,
    group_hash,
    log_key,
)
from trapgate.alerting.protocol import ChannelKey
from trapgate.model import NEVER, Intent, ToldAlert

ALERT = alert(ends=None, timeout=True, episode=3, event_ids=("e1", "e2"), annotations={"a": "ü"})
INTENT = Intent(7, at(5), "first notification", (ToldAlert("f", "firing", at(1), NEVER),))
ENTRY = msgspec.structs.replace(
    entry(at_s=3, firing=[ALERT], uncertain=[alert("B")], failed_at_s=2),
    memory={"ticket": "INC1"},
    intent=INTENT,
)


def test_what_is_written_is_read() -> None:
    assert decode_alert("a/1", encode_alert(ALERT)) == ALERT
    assert decode_log("n/1", encode_log(ENTRY)) == ENTRY


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_schema_is_refused_by_name(version: int) -> None:
    value = msgspec.msgpack.encode((version, {"anything": 1}))
    for decode in (decode_alert, decode_log):
        with pytest.raises(UnknownSchema, match=rf"a/1 has schema version {version}") as caught:
            decode("a/1", value)
        assert (caught.value.key, caught.value.version) == ("a/1", version)


@pytest.mark.parametrize("value", [b"", b"\x93", encode_alert(ALERT)[:-1], b"\x01"])
def test_what_is_damaged_is_an_error(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_alert("a/1", value)


def test_keys_and_hashes_do_not_change() -> None:
    key = '{}:{alertname="LinkDown"}'
    digest = "877118631612c8db"
    assert GROUP.key == key
    assert group_hash(key).startswith(digest)
    assert len(group_hash(key)) == 64
    assert alert_key("abc") == "a/abc"
    assert log_key(ChannelKey(key, WEBHOOK)) == f"n/{group_hash(key)[:32]}/team/webhook/0"
