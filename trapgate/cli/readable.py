"""An event as an operator reads it: a head line, a line a variable, and what was odd."""

from trapgate.model import Event, FieldValue, rfc3339


def readable(event: Event) -> str:
    """Lines without the last line's end. Nothing in them can move the cursor: values were made
    visible when the event was made."""
    fields = event.fields
    version = fields.get("snmp.version")
    kind = f"SNMPv{version} {fields.get('snmp.pdu_type', 'message')}" if version else event.kind
    head = [rfc3339(event.received_at), _device(event), kind, *_security(event), event.code]
    lines = ["  ".join(part for part in head if part)]
    lines += [f"    {line}" for line in _texts(fields.get("snmp.varbinds", ()))]
    lines += [f"  ! {problem.summary} [{problem.code}]" for problem in event.problems]
    return "\n".join(lines)


def _device(event: Event) -> str:
    peer = str(event.source)
    return peer if event.device == event.source.address else f"{event.device} ({peer})"


def _security(event: Event) -> list[str]:
    """Whom the sender says to be, and how well that is proved."""
    fields = event.fields
    if "snmp.version" not in fields:
        return []
    credential = fields.get("snmp.credential") or "no credential of the configuration"
    proof = [fields[key] for key in ("snmp.security_level", "snmp.engine_id") if key in fields]
    return ["[" + ", ".join(map(str, (credential, *proof))) + "]"]


def _texts(value: FieldValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)
