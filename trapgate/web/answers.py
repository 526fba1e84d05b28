"""Answers as Alertmanager's clients expect them: JSON, never cached, errors in its two shapes."""

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from trapgate.config import did_you_mean

BODY_BYTES_MAX = 64 * 1024 * 1024
"""The largest request: some 100,000 alerts at once."""

LIMIT_DEFAULT = 50
LIMIT_MAX = 1_000
"""Records in one answer: events, decisions."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Rejected(Exception):
    """A request that cannot be served: the answer is its status and text, and when to ask again
    if that would help."""

    def __init__(self, status: int, text: str, retry_after_s: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.retry_after_s = retry_after_s


def json_answer(body: object, status: int = 200) -> Response:
    """A JSON body of anything that msgspec encodes."""
    data = msgspec.json.encode(body)
    return Response(data, status, headers=_HEADERS, media_type="application/json")


def empty_answer(status: int = 200) -> Response:
    return Response(b"", status, headers=_HEADERS)


def rejection(_: Request, error: Exception) -> Response:
    """What a handler rejected: a JSON string, as Alertmanager's handlers give it."""
    assert isinstance(error, Rejected)
    answer = json_answer(error.text, error.status)
    if error.retry_after_s is not None:
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def framework_error(status: int, message: str) -> Response:
    """What its HTTP framework gives for requests that do not fit the API."""
    return json_answer({"code": status, "message": message}, status)


def check_parameters(request: Request, *known: str) -> None:
    """A parameter that is misspelt would be one that was not given, and of one that is given twice
    only one would count: another question, answered."""
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or f"known are {', '.join(known)}" if known else ""
            raise Rejected(400, f"there is no parameter {name!r}{'; ' if hint else ''}{hint}")
        if given.count(name) > 1:
            raise Rejected(400, f"the parameter {name!r} is given more than once")


def query_values(request: Request, name: str) -> list[str]:
    """All values of a query parameter."""
    return [value for key, value in request.query_params.multi_items() if key == name]


def query_flag(request: Request, name: str) -> bool:
    """A boolean query parameter, true if absent or empty."""
    values = query_values(request, name)
    if not values or not values[-1]:
        return True
    known: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
    if values[-1].lower() not in known:
        raise Rejected(422, f"{name} in query must be of type boolean: {values[-1]!r}")
    return known[values[-1].lower()]


def query_limit(request: Request) -> int:
    """How many records are asked for: a whole number from 1 to `LIMIT_MAX`."""
    values = query_values(request, "limit")
    if not values:
        return LIMIT_DEFAULT
    text = values[-1]
    # its length first: Python does not read numbers of thousands of digits
    short = text.isascii() and text.isdigit() and len(text) <= len(str(LIMIT_MAX))
    if not short or not 1 <= int(text) <= LIMIT_MAX:
        raise Rejected(400, f"limit must be a whole number from 1 to {LIMIT_MAX}")
    return int(text)


async def body_of(request: Request) -> bytes:
    """The body, up to `BODY_BYTES_MAX`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise Rejected(413, f"the request is larger than {BODY_BYTES_MAX} bytes")
    return bytes(body)
