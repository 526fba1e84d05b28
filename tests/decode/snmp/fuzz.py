"""A fuzz run against the SNMP decoder, and what every answer of it is held to.

The test suite runs some 20,000 mutants (`test_fuzz.py`); `make fuzz` runs for longer.
A mutant that fails is printed in hexadecimal: it becomes a test before the bug is fixed.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import msgspec

import trapgate.decode.snmp
from decode.snmp.corpus import ODD, PLAIN
from decode.snmp.mutator import Mutator
from decode.snmp.peer import INFORM, OWN, Peer, entry
from decode.snmp.wire import NOW, datagram
from trapgate.decode.snmp import MALFORMED, ODDITIES, SnmpDecoder, SnmpSettings
from trapgate.decode.snmp.limits import SnmpLimits
from trapgate.decode.snmp.reports import REPORT_GROWTH_BYTES_MAX
from trapgate.decode.snmp.v3 import is_v3
from trapgate.model import Decoded, Trap

COMMUNITY = b"public"
"""The community of every seed, which has it nowhere else."""

LIMITS = SnmpLimits(datagram_bytes=1_200, varbinds=24, oid_parts=32, value_bytes=255)
"""Low enough that mutants run into them."""

SEED_BYTES_MAX = 1_000
SEEDS = [
    data
    for data in (*PLAIN.values(), *(odd for odd, _ in ODD.values()))
    if len(data) <= SEED_BYTES_MAX
]

USERS = (
    entry(),
    entry("open", auth="none", auth_passphrase=None, privacy="none", privacy_passphrase=None),
)
_OPEN = Peer(user=b"open", auth="none", privacy="none")
V3_SEEDS = [
    _OPEN.message(),
    msgspec.structs.replace(_OPEN, engine_id=OWN.engine_id).message(INFORM, flags=4),
    msgspec.structs.replace(_OPEN, engine_id=b"").message(INFORM, flags=4),
    Peer(privacy="none").message(),
    Peer().message(),
]
"""What is behind a digest no mutant reaches, so most of these have none."""

STEPS_MIN = 400
STEPS_PER_BYTE = 12
"""Lines of the decoder that one datagram may execute: a fixed part, and a few for each byte, so
that no shape of a message costs more than its length does."""

STEPS_EVERY = 20
"""One mutant of so many has its lines counted: that takes ten times as long."""

V3_SHARE = 4
"""How often SNMPv3 seeds are among the seeds: there are few of them."""

_ROOM = str(Path(trapgate.decode.snmp.__file__).parent)


def fuzzed_decoder() -> SnmpDecoder:
    """A decoder as the fuzz run uses it."""
    return SnmpDecoder(SnmpSettings(limits=LIMITS, users=USERS), OWN)


def judged(decoder: SnmpDecoder, data: bytes) -> Decoded:
    """Decode, and hold the answer to what every answer must be."""
    answer = decoder.decode(datagram(data), NOW)
    answers = (bool(answer.messages), answer.refusal is not None, bool(answer.problems))
    assert answers.count(True) == 1
    assert len(answer.raw) == len(data)
    assert all(MALFORMED[problem.code] is problem for problem in answer.problems)
    for trap in answer.messages:
        assert isinstance(trap, Trap)
        assert trap.raw is answer.raw
        assert all(ODDITIES[problem.code] is problem for problem in trap.problems)
        assert len(set(trap.problems)) == len(trap.problems)
        _judge_values(trap, data)
    growth = REPORT_GROWTH_BYTES_MAX if is_v3(data) else 0
    for reply in answer.replies:
        assert len(reply.data) <= len(data) + growth
    of_v3 = any(isinstance(trap, Trap) and trap.version == "3" for trap in answer.messages)
    if answer.refusal is None and not of_v3 and data.count(COMMUNITY) == 1:
        assert COMMUNITY not in answer.raw
    return answer


def _judge_values(trap: Trap, data: bytes) -> None:
    """All of a trap together is not more than was sent, and of the types that it is said to be."""
    assert 6 * len(trap.varbinds) <= len(data)
    sizes = [len(v.value) for v in trap.varbinds if isinstance(v.value, bytes)]
    assert sum(sizes) <= len(data)
    assert trap.uptime is None or -(2**71) <= trap.uptime < 2**71
    assert all(part.isdecimal() for part in trap.trap_oid.split("."))
    for varbind in trap.varbinds:
        assert all(part.isdecimal() for part in varbind.oid.split("."))


def steps(action: Callable[[], object]) -> int:
    """How many lines of the decoder `action` executes."""
    executed = 0

    def on_line(_: FrameType, event: str, __: Any) -> Any:
        nonlocal executed
        executed += event == "line"
        return on_line

    def on_call(frame: FrameType, _: str, __: Any) -> Any:
        return on_line if frame.f_code.co_filename.startswith(_ROOM) else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        action()
    finally:
        sys.settrace(before)
    return executed


def outcome(answer: Decoded) -> str:
    """What became of a datagram, in one word."""
    if answer.refusal is not None:
        return answer.refusal.reason
    return answer.problems[0].code if answer.problems else "decoded"


def campaign(seed: int, enough: Callable[[int], bool]) -> Counter[str]:
    """Judge mutants until `enough(number)`; returns how often each outcome and oddity occurred.

    Raises `AssertionError` with the mutant in hexadecimal, whatever the decoder raised.
    """
    mutator = Mutator([*SEEDS, *V3_SEEDS * V3_SHARE], Random(seed))
    decoder = fuzzed_decoder()
    seen: Counter[str] = Counter()
    number = 0
    while not enough(number):
        data = mutator.mutant()
        try:
            answer = judged(decoder, data)
            if number % STEPS_EVERY == 0:
                anew = fuzzed_decoder()
                executed = steps(lambda d=data, a=anew: a.decode(datagram(d), NOW))  # type: ignore[misc]
                assert executed <= STEPS_MIN + STEPS_PER_BYTE * len(data), executed
        except Exception as error:
            raise AssertionError(f"mutant {number} of seed {seed}: {data.hex()}") from error
        seen[outcome(answer)] += 1
        for trap in answer.messages:
            seen.update(problem.code for problem in trap.problems)
        number += 1
    return seen


def main() -> None:
    """Run for a time and print what occurred."""
    parser = argparse.ArgumentParser(description="Fuzz the SNMP decoder.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args()
    end = time.monotonic() + arguments.seconds
    print(f"seed {arguments.seed}", flush=True)
    seen = campaign(arguments.seed, lambda _: time.monotonic() >= end)
    for code, times in seen.most_common():
        print(f"{times:>9,}  {code}")


if __name__ == "__main__":
    main()
