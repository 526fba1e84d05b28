"""The carrier against a real receiver on loopback: every way in which a delivery can end."""

import asyncio
import gzip
import socket
from collections.abc import Callable, Mapping

import pytest

from notify.notifications import notification
from notify.receiver import Handler, receiving
from trapgate.model import Notification
from trapgate.model.exchange import (
    RESPONSE_BYTES_MAX,
    Done,
    Ending,
    Failed,
    HttpRequest,
    HttpResponse,
    Printed,
    PrintLine,
    Response,
    Retry,
    Step,
)
from trapgate.notify import Carrier, LogIntegration
from trapgate.notify.carrier import REDIRECTS_MAX, STEPS_MAX
from trapgate.notify.http import refusal

DEADLINE_S = 20.0
"""No delivery of these tests takes a tenth of it."""


class Conversation:
    """One POST; `first` is asked before it is judged what follows from the answer."""

    def __init__(
        self, url: str, *, timeout_s: float = 5.0, follow: Callable[[Response], Step] | None = None
    ) -> None:
        self.request = HttpRequest("POST", url, {"X-Test": "1"}, b'{"a": 1}', timeout_s)
        self.follow = follow
        self.responses: list[Response] = []

    def start(self, notification: Notification, memory: Mapping[str, str]) -> Step:
        return self.request

    def next(self, response: Response) -> Step:
        self.responses.append(response)
        if self.follow is not None:
            return self.follow(response)
        return refusal(response) or Done()


def delivered(integration: Conversation | LogIntegration) -> Ending:
    async def deliver() -> Ending:
        carrier = Carrier()
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await carrier.deliver(integration, notification())
        finally:
            await carrier.close()
            await carrier.close()

    return asyncio.run(deliver())


def test_a_200_is_done_and_the_request_is_as_asked() -> None:
    with receiving(lambda handler: handler.answer(200, b"ok", X_Seen="Yes")) as receiver:
        conversation = Conversation(receiver.url)
        assert delivered(conversation) == Done()
    ((path, headers, body),) = receiver.requests
    assert (path, headers["X-Test"], body) == ("/hook?token=s3cret", "1", b'{"a": 1}')
    (response,) = conversation.responses
    assert isinstance(response, HttpResponse)
    assert (response.status, response.headers["x-seen"], response.body) == (200, "Yes", b"ok")


def test_a_500_is_tried_again_and_may_have_acted() -> None:
    with receiving(lambda handler: handler.answer(500, b"boom")) as receiver:
        assert delivered(Conversation(receiver.url)) == Retry("HTTP 500: boom", uncertain=True)


def test_a_429_says_when() -> None:
    with receiving(lambda handler: handler.answer(429, Retry_After="9")) as receiver:
        ending = delivered(Conversation(receiver.url))
    assert ending == Retry("HTTP 429", uncertain=False, after_s=9.0)


def test_a_404_is_the_last_word() -> None:
    with receiving(lambda handler: handler.answer(404)) as receiver:
        assert delivered(Conversation(receiver.url)) == Failed("HTTP 404")


def hang(handler: Handler) -> None:
    handler.server.released.wait(DEADLINE_S)
    handler.close_connection = True


def test_a_receiver_that_hangs_may_have_acted() -> None:
    with receiving(hang) as receiver:
        ending = delivered(Conversation(receiver.url, timeout_s=0.2))
    assert ending == Retry("no answer in time", uncertain=True)


def drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    while not handler.server.released.wait(0.05):
        handler.wfile.write(b"x")
    handler.close_connection = True


def test_the_whole_exchange_is_bounded_not_each_read() -> None:
    with receiving(drip) as receiver:
        ending = delivered(Conversation(receiver.url, timeout_s=0.2))
    assert ending == Retry("no answer in time", uncertain=True)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ending = delivered(Conversation(f"http://127.0.0.1:{port}/s3cret"))
    assert ending == Retry("no connection", uncertain=False)


def test_a_connection_that_is_dropped_after_the_request_may_have_acted() -> None:
    with receiving(lambda handler: handler.reset()) as receiver:
        ending = delivered(Conversation(receiver.url))
    assert isinstance(ending, Retry)
    assert ending.uncertain
    assert "s3cret" not in ending.reason
    assert len(receiver.requests) == 1


def half(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.reset()


def test_an_answer_that_breaks_off_is_uncertain() -> None:
    with receiving(half) as receiver:
        ending = delivered(Conversation(receiver.url))
    assert isinstance(ending, Retry)
    assert ending.uncertain


def redirect(handler: Handler) -> None:
    if handler.path == "/new":
        handler.answer(200)
    else:
        handler.answer(307, Location="/new")


def test_a_redirect_is_followed_with_the_same_request() -> None:
    with receiving(redirect) as receiver:
        assert delivered(Conversation(receiver.url)) == Done()
    assert [(path, body) for path, _, body in receiver.requests] == [
        ("/hook?token=s3cret", b'{"a": 1}'),
        ("/new", b'{"a": 1}'),
    ]


def test_redirects_in_a_circle_end() -> None:
    with receiving(lambda handler: handler.answer(307, Location=handler.path)) as receiver:
        ending = delivered(Conversation(receiver.url))
    assert ending == Retry("the receiver redirects without end", uncertain=True)
    assert len(receiver.requests) == 1 + REDIRECTS_MAX


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_lose_the_body_is_a_failure(status: int) -> None:
    def moved(handler: Handler) -> None:
        handler.answer(200 if handler.path == "/s3cret" else status, Location="/s3cret")

    with receiving(moved) as receiver:
        ending = delivered(Conversation(receiver.url))
    assert isinstance(ending, Failed)
    assert ending.reason.endswith("a redirect to another place: correct the URL")
    assert "s3cret" not in ending.reason
    assert len(receiver.requests) == 1


def test_a_redirect_without_a_place_is_a_failure() -> None:
    with receiving(lambda handler: handler.answer(308)) as receiver:
        assert delivered(Conversation(receiver.url)) == Failed("HTTP 308")


@pytest.mark.parametrize("target", ["http://127.0.0.1:99999/", "ftp://127.0.0.1/", "http://[::1/"])
def test_a_redirect_to_nowhere_is_no_crash(target: str) -> None:
    with receiving(lambda handler: handler.answer(307, Location=target)) as receiver:
        assert isinstance(delivered(Conversation(receiver.url)), Retry)


def test_a_huge_answer_is_cut() -> None:
    with receiving(lambda handler: handler.answer(200, b"x" * 5_000_000)) as receiver:
        conversation = Conversation(receiver.url)
        assert delivered(conversation) == Done()
    (response,) = conversation.responses
    assert isinstance(response, HttpResponse)
    assert response.body == b"x" * RESPONSE_BYTES_MAX


def test_a_compressed_answer_is_neither_asked_for_nor_unfolded() -> None:
    packed = gzip.compress(b"x" * 50_000_000)
    with receiving(
        lambda handler: handler.answer(200, packed, Content_Encoding="gzip")
    ) as receiver:
        conversation = Conversation(receiver.url)
        assert delivered(conversation) == Done()
    ((_, headers, _),) = receiver.requests
    assert headers["Accept-Encoding"] == "identity"
    (response,) = conversation.responses
    assert isinstance(response, HttpResponse)
    assert response.body == packed[:RESPONSE_BYTES_MAX]


@pytest.mark.parametrize("url", ["http://", "http://[::1/s3cret", "http://127.0.0.1:99999/s3cret"])
def test_a_url_that_cannot_be_one(url: str) -> None:
    ending = delivered(Conversation(url))
    assert isinstance(ending, Retry)
    assert not ending.uncertain
    assert "s3cret" not in ending.reason


def test_a_conversation_of_several_requests() -> None:
    with receiving(lambda handler: handler.answer(200, b"again")) as receiver:
        left = [3]

        def follow(response: Response) -> Step:
            left[0] -= 1
            return conversation.request if left[0] else Done({"ticket": "INC1"})

        conversation = Conversation(receiver.url, follow=follow)
        assert delivered(conversation) == Done({"ticket": "INC1"})
    assert len(receiver.requests) == 3


def test_a_conversation_without_end_is_ended() -> None:
    with receiving(lambda handler: handler.answer(200)) as receiver:
        conversation = Conversation(receiver.url, follow=lambda _: conversation.request)
        assert delivered(conversation) == Failed(f"no end after {STEPS_MAX} requests")
    assert len(receiver.requests) == STEPS_MAX


def test_a_line_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert delivered(LogIntegration()) == Done()
    assert capfd.readouterr().out.endswith("(first notification) Gi0/1 of r1 is down\n")


class Printing(Conversation):
    """Prints instead of asking."""

    def start(self, notification: Notification, memory: Mapping[str, str]) -> Step:
        return PrintLine("a line \ud800")


def test_a_line_that_is_not_unicode_is_printed_nevertheless(
    capfd: pytest.CaptureFixture[str],
) -> None:
    conversation = Printing("http://127.0.0.1/")
    delivered(conversation)
    assert conversation.responses == [Printed()]
    assert capfd.readouterr().out == "a line \\ud800\n"
