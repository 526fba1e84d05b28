"""The `normalize` section of `trapgate.yml`: who is believed about the origin of a trap, and how
much of one source is kept."""

from typing import Literal

from trapgate.config import Cidr, Duration, Section
from trapgate.model import BUCKET_S, NS_PER_S, Problem

RATE_MAX = 1_000_000
"""Events a second and burst that can be asked for: more than the whole of trapgate takes."""

AgentAddressPolicy = Literal["relays", "always", "never"]


class RateLimitSettings(Section, frozen=True, kw_only=True):
    """How many events of one source are kept before repeats are folded. The budget is given anew
    every 10 seconds: `burst`, and `events_per_second` for each second of them that has passed.
    What raises or clears something is always kept."""

    events_per_second: int = 1_000
    """Events a second beyond the burst. 0 switches the limit off."""

    burst: int = 10_000
    """Events at once: a chassis that loses power reports every port."""


class DuplicatesSettings(Section, frozen=True, kw_only=True):
    """Events that say the same again."""

    window: Duration = Duration(0)
    """An event of the same device with the same code and the same variables (or the same text) as
    one that was kept in this window is folded: counted, not kept. At most 10s; 0 is off. Windows
    do not slide: each 10 seconds of the clock are cut into them. A clear after a raise is never
    folded, nor a raise after a clear, where a rule says what raises and what clears."""


class NormalizeSettings(Section, frozen=True, kw_only=True):
    """`normalize`: decoded messages become events."""

    relays: tuple[Cidr, ...] = ()
    """Senders that pass on the traps of others and are believed about where these come from
    (`snmpTrapAddress.0`, the agent address of SNMPv1, the context engine of SNMPv3). Nobody else
    is: any sender could write somebody else's address."""

    agent_address: AgentAddressPolicy = "relays"
    """Whose agent address in an SNMPv1 trap names the device: that of `relays` only, of any sender
    (`always`: all of the network must be trusted, and no device may be behind address translation),
    or of none (`never`)."""

    rate_limit: RateLimitSettings = RateLimitSettings()
    """The budget of each source; an entry of `sources` may have its own."""

    duplicates: DuplicatesSettings = DuplicatesSettings()
    """Folding of repeats below the budget too."""


def check_normalize(settings: NormalizeSettings) -> list[Problem]:
    """What types cannot say: ranges."""
    problems = check_rate_limit(settings.rate_limit)
    window = settings.duplicates.window
    if window > BUCKET_S * NS_PER_S:
        summary = f'"window" must be {BUCKET_S}s at most'
        hint = "rules put repeats over longer times into one alert by themselves"
        problems.append(settings.duplicates.problem("window", summary, hint))
    return problems


def check_rate_limit(settings: RateLimitSettings) -> list[Problem]:
    """A budget's ranges; a burst of 0 would fold the first event of all."""
    problems = []
    for key, least, value in (
        ("events_per_second", 0, settings.events_per_second),
        ("burst", 1, settings.burst),
    ):
        if not least <= value <= RATE_MAX:
            summary = f'"{key}" must be {least} to {RATE_MAX}'
            problems.append(settings.problem(key, summary))
    return problems
