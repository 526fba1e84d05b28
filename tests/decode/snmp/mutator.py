"""Mutants of BER messages that still look like messages: elements are changed, exchanged,
repeated, nested and given lengths that lie, and the lengths around them are mostly right again, so
that what is broken is met as deep as it was put."""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

CONSTRUCTED = frozenset((0x30, *range(0xA0, 0xA9)))
TAGS = (0x01, 0x02, 0x04, 0x05, 0x06, *range(0x40, 0x48), 0x80, 0x81, 0x82, *sorted(CONSTRUCTED))
ODD_TAGS = (0x00, 0x1F, 0x24, 0x31, 0x9F, 0xFF)
BYTES = (0x00, 0x01, 0x1F, 0x30, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF)
CONTENTS = (
    b"",
    b"\0",
    b"\x02",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\xff\xff\xff\xff",
    b"\xff" * 8,
    b"\xff" * 9,
    bytes(10),
    bytes(16),
    b"\x2b\x86",
    b"\x2b\x8f\xff\xff\xff\x7f",
    b"\x2b" + b"\x01" * 40,
    b"\x2b" + b"\x80" * 30 + b"\x01",
    b"\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00",
    b"\x2b\x06\x01\x02\x01\x01\x03\x00",
    b"\x2b\x06\x01\x06\x03\x12\x01\x04\x00",
    b"x" * 127,
    b"x" * 300,
)
"""Where decoders break: no bytes, the ends of each width, cut and padded, names of the header."""

LIES = (
    b"\0",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\x81\xff",
    b"\x82\xff\xff",
    b"\x84\xff\xff\xff\xff",
    b"\x84\x7f\xff\xff\xff",
    b"\x85\0\0\0\0\x01",
    b"\x88" + b"\xff" * 8,
    b"\xff",
)
"""Lengths: none, nearly none, indefinite, more than there is, needlessly long, reserved."""

REPEATS_MAX = 20
NESTING_MAX = 60
CHANGES_MAX = 3
JUNK_BYTES_MAX = 600


class Element(NamedTuple):
    """One element: `parts` of a constructed one, else `content`. `length` is written instead of
    the true length."""

    tag: int
    content: bytes = b""
    parts: tuple["Element", ...] = ()
    length: bytes | None = None


def parsed(data: bytes) -> tuple[Element, ...]:
    """Well-formed BER as elements; what is not well-formed becomes content."""
    elements = []
    pos = 0
    while pos < len(data):
        size, start = data[pos + 1], pos + 2
        if size >= 0x80:
            start += size - 0x80
            size = int.from_bytes(data[pos + 2 : start], "big")
        content = data[start : start + size]
        tag = data[pos]
        inside = tag in CONSTRUCTED
        elements.append(Element(tag, b"" if inside else content, parsed(content) if inside else ()))
        pos = start + size
    return tuple(elements)


def written(element: Element) -> bytes:
    """The bytes of an element, with the shortest length unless it lies."""
    content = b"".join(map(written, element.parts)) or element.content
    length = element.length
    if length is None:
        size = len(content)
        count = (size.bit_length() + 7) // 8
        length = bytes((size,)) if size < 0x80 else bytes((0x80 | count,)) + size.to_bytes(count)
    return bytes((element.tag,)) + length + content


def count(element: Element) -> int:
    """How many elements it is with all that it contains."""
    return 1 + sum(map(count, element.parts))


class Mutator:
    """An endless, reproducible supply of mutants of `seeds` (well-formed messages)."""

    def __init__(self, seeds: Sequence[bytes], random: Random) -> None:
        self._random = random
        self._seeds = [parsed(seed)[0] for seed in seeds]
        self._changes: Sequence[Callable[[Element], tuple[Element, ...]]] = (
            self._other_tag,
            self._other_content,
            self._other_length,
            self._padded_length,
            self._from_elsewhere,
            self._repeated,
            self._nested,
            self._exchanged,
            lambda _: (),
        )

    def mutant(self) -> bytes:
        """The next one, up to a few kilobytes."""
        random = self._random
        tree = random.choice(self._seeds)
        for _ in range(random.randint(0, CHANGES_MAX)):
            target = random.randrange(count(tree))
            tree = (*self._changed(tree, target, random.choice(self._changes)), tree)[0]
        data = bytearray(written(tree))
        if random.random() < 0.4:
            for _ in range(random.randint(1, CHANGES_MAX)):
                self._change_bytes(data)
        return bytes(data)

    def _changed(
        self, element: Element, target: int, change: Callable[[Element], tuple[Element, ...]]
    ) -> tuple[Element, ...]:
        """The element with its `target`-th descendant (itself is the 0th) changed."""
        if target == 0:
            return change(element)
        target -= 1
        for at, part in enumerate(element.parts):
            inside = count(part)
            if target < inside:
                new = self._changed(part, target, change)
                parts = element.parts[:at] + new + element.parts[at + 1 :]
                return (element._replace(parts=parts),)
            target -= inside
        return (element,)

    def _other_tag(self, element: Element) -> tuple[Element, ...]:
        tags = TAGS if self._random.random() < 0.8 else ODD_TAGS
        return (element._replace(tag=self._random.choice(tags)),)

    def _other_content(self, element: Element) -> tuple[Element, ...]:
        return (element._replace(content=self._random.choice(CONTENTS), parts=()),)

    def _other_length(self, element: Element) -> tuple[Element, ...]:
        size = len(written(element)) - 2
        near = bytes((min(max(size + self._random.choice((-1, 1)), 0), 0x7F),))
        return (element._replace(length=self._random.choice((*LIES, near))),)

    def _padded_length(self, element: Element) -> tuple[Element, ...]:
        content = written(element._replace(length=b""))[1:]
        padding = self._random.randint(2, 4)
        length = bytes((0x80 | padding,)) + len(content).to_bytes(padding, "big")
        return (element._replace(length=length),)

    def _from_elsewhere(self, _: Element) -> tuple[Element, ...]:
        return (self._descendant(self._random.choice(self._seeds)),)

    def _repeated(self, element: Element) -> tuple[Element, ...]:
        return (element,) * self._random.randint(2, REPEATS_MAX)

    def _nested(self, element: Element) -> tuple[Element, ...]:
        for _ in range(self._random.randint(1, NESTING_MAX)):
            element = Element(0x30, parts=(element,))
        return (element,)

    def _exchanged(self, element: Element) -> tuple[Element, ...]:
        parts = list(element.parts)
        self._random.shuffle(parts)
        return (element._replace(parts=tuple(parts)),)

    def _descendant(self, element: Element) -> Element:
        while element.parts and self._random.random() < 0.8:
            element = self._random.choice(element.parts)
        return element

    def _change_bytes(self, data: bytearray) -> None:
        random = self._random
        at = random.randrange(len(data) + 1)
        kind = random.randrange(6)
        if kind == 0:
            data[at : at + 1] = bytes((random.choice(BYTES),))
        elif kind == 1 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif kind == 2:
            del data[at : at + random.randint(1, 4)]
        elif kind == 3:
            data[at:at] = random.randbytes(random.randint(1, 4))
        elif kind == 4:
            del data[at:]
        else:
            data += random.randbytes(random.randint(1, JUNK_BYTES_MAX))
