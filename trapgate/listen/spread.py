"""One UDP address, several sockets: each receive process has its own, and each sender one of them.

Sockets that share a port (SO_REUSEPORT) get datagrams by a hash of the sender's address *and port*
from Linux. Many devices send each trap from another port; their traps would be taken by several
processes, and a clear might overtake its raise. So the kernel is given a program that looks at the
address alone (SO_ATTACH_REUSEPORT_CBPF, Linux 4.5; instructions: Documentation/networking/
filter.rst): all that one address sends goes one way, with its order, its duplicates and its rate.
"""

import ctypes
import socket
import struct
from collections.abc import Iterator, Sequence

import msgspec

from trapgate.config import Address
from trapgate.listen.settings import ListenerSettings
from trapgate.listen.sockets import BindFailed, BoundListener, SocketFactory, bind

# not in the socket module; from Linux's include/uapi/asm-generic/socket.h
_SO_ATTACH_REUSEPORT_CBPF = 51

# the instructions' codes and the place of the IP header, from include/uapi/linux/filter.h
_LOAD_WORD, _LOAD_BYTE = 0x20, 0x30
_MULTIPLY, _MODULO, _SHIFT_RIGHT = 0x24, 0x94, 0x74
_COPY_TO_X, _XOR_X = 0x07, 0xAC
_JUMP, _JUMP_IF_EQUAL, _RETURN = 0x05, 0x15, 0x16
_IP_HEADER = -0x100000

_SOURCE_4 = 12
_SOURCE_6 = range(8, 24, 4)
"""Where the sender's address begins in an IPv4 header, and the words of it in an IPv6 header."""

_SCATTER = 0x9E3779B1
"""A prime near 2**32 over the golden ratio: multiplied with it, neighbouring addresses differ in
the upper bits, which are used (Knuth's multiplicative hashing)."""

_INSTRUCTION = struct.Struct("=HBBI")
_PROGRAM = struct.Struct("@HP")
"""struct sock_fprog: how many instructions, and where they are."""


def bind_all(
    settings: ListenerSettings,
    workers: int = 1,
    open_socket: SocketFactory = socket.socket,
    *,
    beside: bool = False,
) -> tuple[BoundListener, ...]:
    """Open a listener's sockets, in the order of the `workers` receive processes that read them:
    one for each if it is UDP, one for the first if it is TCP, where connections are taken by one.

    A port that another program has is found taken although ours are shared. `beside` is as for
    `bind`. Raises `BindFailed`, also where the kernel cannot spread by address (ENOPROTOOPT);
    nothing is left open then.
    """
    if socket_count(settings, workers) == 1:
        return (bind(settings, open_socket, beside=beside),)
    if not beside:  # with SO_REUSEPORT alone another trapgate of this user would go unnoticed
        bind(settings, open_socket).close()
    bound = [bind(settings, open_socket, shared=True)]
    try:
        _spread(bound[0], workers)
        address = Address(settings.address.host, bound[0].local.port)
        same_port = msgspec.structs.replace(settings, address=address)
        for worker in range(2, workers + 1):
            another = bind(same_port, open_socket, shared=True)
            bound.append(BoundListener(settings, another.socket, worker))
    except BindFailed:
        for each in bound:
            each.close()
        raise
    return tuple(bound)


def socket_count(settings: ListenerSettings, workers: int) -> int:
    """How many sockets a listener has when there are so many receive processes."""
    return workers if settings.transport == "udp" else 1


def of_worker(listeners: Sequence[BoundListener], worker: int) -> tuple[BoundListener, ...]:
    """Those that this receive process reads; processes are counted from 1. The first has one of
    each listener."""
    return tuple(bound for bound in listeners if bound.worker == worker)


def _spread(bound: BoundListener, count: int) -> None:
    """Let the sender's address choose among this socket and those that will be bound beside it.
    As long as there are fewer than `count` the kernel's own hash chooses for those that miss."""
    program = b"".join(_INSTRUCTION.pack(*parts) for parts in _instructions(count))
    memory = ctypes.create_string_buffer(program, len(program))
    where = _PROGRAM.pack(len(program) // _INSTRUCTION.size, ctypes.addressof(memory))
    try:
        bound.socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, where)
    except OSError as error:
        raise BindFailed(bound.settings, error.errno or 0) from error


def _instructions(count: int) -> Iterator[tuple[int, int, int, int]]:
    """The program: code, jump if true, jump if false, operand. It returns the socket's index, in
    the order in which they were bound."""
    six = list(_source_6())
    yield _LOAD_BYTE, 0, 0, _u32(_IP_HEADER)
    yield _SHIFT_RIGHT, 0, 0, 4
    yield _JUMP_IF_EQUAL, 0, 2, 4  # the version; a socket for both families sees both headers
    yield _LOAD_WORD, 0, 0, _u32(_IP_HEADER + _SOURCE_4)
    yield _JUMP, 0, 0, len(six)
    yield from six
    yield _MULTIPLY, 0, 0, _SCATTER
    yield _SHIFT_RIGHT, 0, 0, 16
    yield _MODULO, 0, 0, count
    yield _RETURN, 0, 0, 0


def _source_6() -> Iterator[tuple[int, int, int, int]]:
    """The words of an IPv6 sender, folded into one."""
    for word in _SOURCE_6:
        if word != _SOURCE_6[0]:
            yield _COPY_TO_X, 0, 0, 0
        yield _LOAD_WORD, 0, 0, _u32(_IP_HEADER + word)
        if word != _SOURCE_6[0]:
            yield _XOR_X, 0, 0, 0


def _u32(number: int) -> int:
    """An offset below zero as the instruction's operand."""
    return number & 0xFFFFFFFF
