"""What an integration's conversation is made of: requests, responses and how it ends."""

from collections.abc import Mapping
from typing import Literal

import msgspec

RESPONSE_BYTES_MAX = 65_536
"""How much of a receiver's answer is read: enough for every API's error text, a bound on a
hostile one."""


class HttpRequest(msgspec.Struct, frozen=True):
    """An HTTP request to send. `timeout_s` bounds the whole exchange; the URL is a secret."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout_s: float


class PrintLine(msgspec.Struct, frozen=True):
    """A line for standard output."""

    text: str


Request = HttpRequest | PrintLine


class HttpResponse(msgspec.Struct, frozen=True):
    """What came back: the body is cut at `RESPONSE_BYTES_MAX`. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Printed(msgspec.Struct, frozen=True):
    """The line is out."""


class Unreachable(msgspec.Struct, frozen=True):
    """No response. `sent` says whether the receiver may have seen the request: after a timeout or
    a broken connection nobody knows."""

    reason: str
    sent: bool


Response = HttpResponse | Printed | Unreachable


class Done(msgspec.Struct, frozen=True):
    """The receiver has it; `memory` is what to remember for the group's next notification."""

    memory: Mapping[str, str] = {}
    note: str = ""


class Retry(msgspec.Struct, frozen=True):
    """Not now: try the same notification again, not before `after_s` if the receiver asked for
    that. `uncertain` says that the receiver may have acted on it."""

    reason: str
    uncertain: bool
    after_s: float | None = None


class Failed(msgspec.Struct, frozen=True):
    """The receiver refuses this notification for good."""

    reason: str


Ending = Done | Retry | Failed
Step = Request | Ending
