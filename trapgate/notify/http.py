"""How an HTTP answer ends an attempt: the same for every integration that has no better rule."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from trapgate.model.exchange import Ending, Failed, HttpResponse, Response, Retry, Unreachable

_RETRIED = {408, 425, 429}
"""Besides 5xx: the receiver asks for another try. Alertmanager gives up on a webhook's 429."""

REASON_CHARACTERS_MAX = 200
"""How much of a receiver's error text goes into reasons: it is for humans, and not ours."""


def refusal(response: Response) -> Ending | None:
    """`Retry` or `Failed` for anything but a 2xx answer, else `None`."""
    if isinstance(response, Unreachable):
        return Retry(response.reason, uncertain=response.sent)
    if not isinstance(response, HttpResponse):
        return Failed("not an HTTP response")
    if 200 <= response.status < 300:
        return None
    text = response.body.decode(errors="replace").strip()[:REASON_CHARACTERS_MAX]
    reason = f"HTTP {response.status}: {text}" if text else f"HTTP {response.status}"
    if response.status >= 500 or response.status in _RETRIED:
        acted = response.status >= 500
        return Retry(reason, uncertain=acted, after_s=retry_after_s(response.headers))
    return Failed(reason)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` (RFC 9110 §10.2.3) in seconds; a date is taken relative to the answer's own
    `Date`, so that the two clocks need not agree. `None` if absent or unreadable."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        span = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, span.total_seconds())
