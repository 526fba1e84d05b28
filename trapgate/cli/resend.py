"""`trapgate replay --send`: the datagrams behind stored events, to a listener again, over UDP.

A datagram is sent as it was received where all of it was kept. The communities of SNMPv1 and
SNMPv2c are not kept; one that is given stands for all of them.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator

from trapgate.cli.events.asked import counted, ending
from trapgate.cli.inform import Undelivered
from trapgate.cli.replay import Replayed, replayed_events
from trapgate.cli.security import Unsendable
from trapgate.cli.send import connected
from trapgate.decode.snmp import ber
from trapgate.decode.snmp.envelope import V1, V2C, open_envelope
from trapgate.decode.snmp.reports import ber_element
from trapgate.model import Event

EX_UNDELIVERED = 1

NO_BYTES = "made by trapgate, not received"
CUT = "of which only the beginning is kept"
NO_COMMUNITY = "whose community is not kept (--community)"


def resend(replayed: Replayed, target: str, community: str | None, rate: float) -> int:
    """Send them, `rate` a second at most; 1 if there are none, or if the network refuses, 3 if
    some could not be sent. Raises `Refused`, `NotAnswered`."""
    skipped: Counter[str] = Counter()
    sent = 0
    try:
        with replayed_events(replayed) as taken, connected(target) as sock:
            for data in paced(_datagrams(taken.events, community, skipped), rate):
                sock.send(data)
                sent += 1
            complete = taken.whole() and not skipped
    except (Unsendable, Undelivered) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, Unsendable) else EX_UNDELIVERED
    for reason, count in sorted(skipped.items()):
        print(f"not sent: {count:,} {reason}", file=sys.stderr)
    print(f"sent {counted(sent, 'datagram')} to {target}")
    return ending(sent, complete=complete or not sent)


def datagram_of(event: Event, community: str | None) -> bytes | str:
    """The bytes to send, or why there are none."""
    if not event.raw:
        return NO_BYTES
    if event.fields.get("event.raw_bytes", len(event.raw)) != len(event.raw):
        return CUT
    if event.kind == "syslog.network":
        return event.raw
    envelope = open_envelope(event.raw)
    if envelope.version not in (V1, V2C):
        return event.raw
    if community is None or envelope.community is None:
        return NO_COMMUNITY
    version = ber_element(ber.INTEGER, bytes((envelope.version,)))
    content = version + ber_element(ber.OCTETS, community.encode()) + event.raw[envelope.pdu :]
    return ber_element(ber.SEQUENCE, content)


def paced(datagrams: Iterator[bytes], rate: float) -> Iterator[bytes]:
    """The same, not earlier than `rate` a second allows."""
    begun = time.monotonic()
    for number, data in enumerate(datagrams):
        early = begun + number / rate - time.monotonic()
        if early > 0:
            time.sleep(early)
        yield data


def _datagrams(
    events: Iterator[Event], community: str | None, skipped: Counter[str]
) -> Iterator[bytes]:
    for event in events:
        found = datagram_of(event, community)
        if isinstance(found, bytes):
            yield found
        else:
            skipped[found] += 1
