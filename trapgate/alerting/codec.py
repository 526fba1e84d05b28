"""Stored forms of alerts and of the notification log: MessagePack, with a schema version first."""

import hashlib
from typing import TypeVar

import msgspec

from trapgate.alerting.protocol import ChannelKey
from trapgate.model import Alert, LogEntry
from trapgate.model.alert import ALERT_SCHEMA, LOG_SCHEMA

T = TypeVar("T")

ALERT_PREFIX = "a/"
LOG_PREFIX = "n/"


class UnknownSchema(Exception):
    """The value was written by a newer trapgate: `key` says which, `version` what it claims."""

    def __init__(self, key: str, version: int) -> None:
        super().__init__(f"{key} has schema version {version}, which this trapgate does not know")
        self.key = key
        self.version = version


def alert_key(fingerprint: str) -> str:
    """The state key of an alert."""
    return ALERT_PREFIX + fingerprint


def log_key(channel: ChannelKey) -> str:
    """The state key of a channel's log entry."""
    return f"{LOG_PREFIX}{group_hash(channel.group_key)[:32]}/{channel.integration}"


def group_hash(group_key: str) -> str:
    """SHA-256 of a group key in hex: what Alertmanager gives receivers as the incident's key."""
    return hashlib.sha256(group_key.encode()).hexdigest()


def encode_alert(alert: Alert) -> bytes:
    return msgspec.msgpack.encode((ALERT_SCHEMA, alert))


def encode_log(entry: LogEntry) -> bytes:
    return msgspec.msgpack.encode((LOG_SCHEMA, entry))


def decode_alert(key: str, value: bytes) -> Alert:
    """Raises `UnknownSchema` and `msgspec.DecodeError`."""
    return _decode(key, value, ALERT_SCHEMA, Alert)


def decode_log(key: str, value: bytes) -> LogEntry:
    """Raises `UnknownSchema` and `msgspec.DecodeError`."""
    return _decode(key, value, LOG_SCHEMA, LogEntry)


def _decode(key: str, value: bytes, schema: int, kind: type[T]) -> T:
    version, body = msgspec.msgpack.decode(value, type=tuple[int, msgspec.Raw])
    if version != schema:
        raise UnknownSchema(key, version)
    return msgspec.msgpack.decode(body, type=kind)
