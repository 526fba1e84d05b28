"""Which answer is done, which is tried again, and which is the last word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model.exchange import Failed, HttpResponse, Printed, Retry, Unreachable
from trapgate.notify.http import REASON_CHARACTERS_MAX, refusal, retry_after_s


def answer(status: int, body: bytes = b"", **headers: str) -> HttpResponse:
    return HttpResponse(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_done(status: int) -> None:
    assert refusal(answer(status)) is None


@pytest.mark.parametrize(
    ("status", "uncertain"),
    [(408, False), (425, False), (429, False), (500, True), (502, True), (503, True), (599, True)],
)
def test_what_is_tried_again(status: int, uncertain: bool) -> None:
    assert refusal(answer(status)) == Retry(f"HTTP {status}", uncertain)


@pytest.mark.parametrize("status", [100, 304, 400, 401, 403, 404, 405, 409, 410, 413, 422, 451])
def test_what_is_refused_for_good(status: int) -> None:
    assert refusal(answer(status, b" no such hook\n")) == Failed(f"HTTP {status}: no such hook")


@pytest.mark.parametrize("sent", [True, False])
def test_no_answer_is_uncertain_only_if_the_request_may_have_been_seen(sent: bool) -> None:
    assert refusal(Unreachable("no answer in time", sent)) == Retry("no answer in time", sent)


def test_an_answer_of_another_kind_is_a_failure() -> None:
    assert refusal(Printed()) == Failed("not an HTTP response")


def test_a_long_error_text_is_cut_and_bad_bytes_do_no_harm() -> None:
    ended = refusal(answer(400, b"\xff" + b"x" * 10_000))
    assert isinstance(ended, Failed)
    assert len(ended.reason) == len("HTTP 400: ") + REASON_CHARACTERS_MAX


def test_the_pause_that_the_receiver_asks_for() -> None:
    assert refusal(answer(429, retry_after="7")) == Retry("HTTP 429", False, 7.0)
    assert refusal(answer(503, retry_after="7")) == Retry("HTTP 503", True, 7.0)


URL = "https://bot:pa55word@hooks.example.net/services/T00000000/S3CR%20ET?token=s3cret&v=1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Cannot POST /services/T00000000/S3CR%20ET?token=s3cret&v=1", "Cannot POST …"),
        ("Cannot POST /services/T00000000/S3CR ET", "Cannot POST …"),
        (f"no hook at {URL}.", "no hook at …."),
        ("team t00000000 has no S3CR ET", "team … has no …"),
        ('{"token":"s3cret","v":1}', '{"…":"…","v":1}'),
        ("bad password pa55word", "bad password …"),
        ("no such hook", "no such hook"),
        ("x" * (REASON_CHARACTERS_MAX - 3) + "s3cret", "x" * (REASON_CHARACTERS_MAX - 3) + "…"),
    ],
)
@pytest.mark.parametrize("status", [404, 500])
def test_what_a_receiver_repeats_of_its_url_is_left_out(text: str, shown: str, status: int) -> None:
    ended = refusal(answer(status, text.encode()), URL)
    assert isinstance(ended, Failed | Retry)
    assert ended.reason == f"HTTP {status}: {shown}"


@pytest.mark.parametrize("url", ["", "http://a.b", "http://a.b/x?y=1"])
def test_a_url_without_a_secret_hides_nothing(url: str) -> None:
    assert refusal(answer(404, b"x y hooks"), url) == Failed("HTTP 404: x y hooks")


NOON = "Sat, 21 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("0", "", 0.0),
        (" 120 ", "", 120.0),
        ("Sat, 21 Nov 2026 12:01:30 GMT", NOON, 90.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", NOON, 0.0),
        ("Sat, 21 Nov 2026 12:01:30 GMT", "", None),
        ("Sat, 21 Nov 2026 12:01:30 GMT", "yesterday", None),
        ("Sat, 21 Nov 2026 12:01:30", NOON, None),
        ("", NOON, None),
        ("-5", "", None),
        ("1.5", "", None),
        ("soon", "", None),
        ("٣", "", None),
    ],
)
def test_retry_after(retry_after: str, date: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": retry_after, "date": date}) == seconds


def test_no_retry_after_is_none() -> None:
    assert retry_after_s({}) is None


@given(st.text(), st.text() | st.just(NOON))
def test_any_header_is_a_pause_or_none(retry_after: str, date: str) -> None:
    seconds = retry_after_s({"retry-after": retry_after, "date": date})
    assert seconds is None or 0 <= seconds < 1e10
