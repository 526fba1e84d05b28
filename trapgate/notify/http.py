"""How an HTTP answer ends an attempt: the same for every integration that has no better rule."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit

from trapgate.model.exchange import Ending, Failed, HttpResponse, Response, Retry, Unreachable

_RETRIED = {408, 425, 429}
"""Besides 5xx: the receiver asks for another try. Alertmanager gives up on a webhook's 429."""

REASON_CHARACTERS_MAX = 200
"""How much of a receiver's error text goes into reasons: it is for humans, and not ours."""

SECRET_CHARACTERS_MIN = 5
"""Shorter pieces of a URL stay in a receiver's text: they are words such as `api`, not secrets."""

_ELSEWHERE = {301, 302, 303}
"""Redirects after which a client asks with a GET: not followed, for the body would be lost."""


def refusal(response: Response, url: str = "") -> Ending | None:
    """`Retry` or `Failed` for anything but a 2xx answer, else `None`. What a receiver's text
    repeats of `url`, which is a secret, is left out of the reason."""
    if isinstance(response, Unreachable):
        return Retry(response.reason, uncertain=response.sent)
    if not isinstance(response, HttpResponse):
        return Failed("not an HTTP response")
    if 200 <= response.status < 300:
        return None
    if response.status in _ELSEWHERE:
        redirected = "the receiver answered with a redirect to another place: correct the URL"
        return Failed(f"HTTP {response.status}: {redirected}")
    # cut last: half a secret would not be found
    text = without_url(response.body.decode(errors="replace"), url).strip()[:REASON_CHARACTERS_MAX]
    reason = f"HTTP {response.status}: {text}" if text else f"HTTP {response.status}"
    if response.status >= 500 or response.status in _RETRIED:
        acted = response.status >= 500
        return Retry(reason, uncertain=acted, after_s=retry_after_s(response.headers))
    return Failed(reason)


def without_url(text: str, url: str) -> str:
    """The text with "…" for the URL, for its path with the query, and for each of their pieces
    that could be a secret, in the forms in which servers repeat them."""
    if not url:
        return text
    parts = urlsplit(url)
    place = parts.path + (f"?{parts.query}" if parts.query else "")
    pieces = re.split(r"[/?&=#;:@]", f"{parts.netloc.rpartition('@')[0]}/{place}#{parts.fragment}")
    forms = {url, place, parts.path, parts.query, *pieces}
    forms |= {unquote(form) for form in forms}
    hidden = sorted((f for f in forms if len(f) >= SECRET_CHARACTERS_MIN), key=len, reverse=True)
    if not hidden:
        return text
    return re.sub("|".join(map(re.escape, hidden)), "…", text, flags=re.IGNORECASE)


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
