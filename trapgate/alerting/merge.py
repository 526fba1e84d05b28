"""What becomes of an alert that is received: Alertmanager's defaults and its merge.

Sources: Alertmanager `api/v2/api.go` (defaults), `provider/mem/mem.go` (when to merge),
`alert/alert.go` (how). "Younger" is the one being received now: the order of commits decides,
clocks are not compared.
"""

import msgspec

from trapgate.model import EVENT_IDS_MAX, Alert, Labels, Now, PostedAlert, fingerprint


class InvalidAlert(ValueError):
    """The alert cannot be taken; the message is Alertmanager's."""


def received(posted: PostedAlert, now: Now, resolve_timeout_ns: int) -> Alert:
    """An alert with its defaults filled in: no start is its end or now, no end is
    `resolve_timeout` from now. Labels without a value are dropped.

    Raises `InvalidAlert`.
    """
    labels = {name: value for name, value in posted.labels.items() if value}
    starts_at, ends_at = posted.starts_at, posted.ends_at
    if starts_at is None:
        starts_at = now.wall_ns if ends_at is None else ends_at
    timeout = ends_at is None
    if ends_at is None:
        ends_at = now.wall_ns + resolve_timeout_ns
    _validate(labels, posted.annotations, starts_at, ends_at)
    return Alert(
        fingerprint=fingerprint(labels),
        labels=labels,
        annotations=posted.annotations,
        starts_at=starts_at,
        ends_at=ends_at,
        updated_at=now.wall_ns,
        received_at=now.wall_ns,
        timeout=timeout,
        generator_url=posted.generator_url,
    )


def _validate(labels: Labels, annotations: Labels, starts_at: int, ends_at: int) -> None:
    if ends_at < starts_at:
        raise InvalidAlert("start time must be before end time")
    if not labels:
        raise InvalidAlert("at least one label pair required")
    if "" in labels:
        raise InvalidAlert('invalid label set: invalid name ""')
    if "" in annotations:
        raise InvalidAlert('invalid annotations: invalid name ""')


def merged(old: Alert | None, new: Alert, now: Now) -> Alert:
    """The alert to keep: `new` merged into `old` if their times overlap, else `new` in its
    place. A firing after a resolve is the next episode."""
    if old is None:
        return new
    # what had ended when it came has ended, also if the wall clock was set back since
    fires = new.status(max(now.wall_ns, new.updated_at)) == "firing"
    fired = old.status(now.wall_ns) == "firing"
    result = _overlaid(old, new, fired, fires) if _overlap(old, new) else new
    if fires and not fired:
        return msgspec.structs.replace(result, episode=old.episode + 1)
    return msgspec.structs.replace(
        result,
        episode=old.episode,
        received_at=old.received_at,
        event_ids=_latest(old.event_ids, new.event_ids),
    )


def _overlap(old: Alert, new: Alert) -> bool:
    return old.starts_at < new.ends_at < old.ends_at or old.starts_at < new.starts_at < old.ends_at


def _overlaid(old: Alert, new: Alert, fired: bool, fires: bool) -> Alert:
    starts_at = min(old.starts_at, new.starts_at)
    ends_at = new.ends_at
    if (not fires and not fired) or (fires and not old.timeout):
        ends_at = max(old.ends_at, new.ends_at)
    return msgspec.structs.replace(new, starts_at=starts_at, ends_at=ends_at)


def _latest(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """Both lists of event ids in order, each once, the newest `EVENT_IDS_MAX` of them."""
    return tuple(dict.fromkeys((*old, *new)))[-EVENT_IDS_MAX:]


def same(old: Alert | None, new: Alert) -> bool:
    """Whether nothing but the stamp of the last update differs: such an alert needs no write."""
    return old is not None and msgspec.structs.replace(new, updated_at=old.updated_at) == old
