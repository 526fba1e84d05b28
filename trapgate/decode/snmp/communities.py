"""Communities: which configured entry lets a message in.

A community is a password in clear text, so it is compared in constant time with every entry,
and each entry counts only from its own networks.
"""

from collections.abc import Sequence
from hmac import compare_digest

from trapgate.decode.snmp.allowed import Allowed
from trapgate.decode.snmp.settings import CommunitySettings
from trapgate.model import Outcome, Refusal

UNKNOWN_COMMUNITY = Refusal(Outcome.COMMUNITY_DENIED, "unknown-community")
SOURCE_NOT_ALLOWED = Refusal(Outcome.COMMUNITY_DENIED, "source-not-allowed")


class Communities:
    """The configured entries. Raises `ValueError` for one whose community was not filled in."""

    def __init__(self, entries: Sequence[CommunitySettings]) -> None:
        missing = [entry.name for entry in entries if entry.community is None]
        if missing:
            raise ValueError(f"communities were not read from their files: {missing}")
        self._entries = tuple((entry.name, (entry.community or "").encode()) for entry in entries)
        self._allowed = Allowed([entry.sources for entry in entries])

    def credential(self, community: bytes, address: str) -> str | Refusal:
        """The name of the first entry with this community that takes this address, else why not.

        The time taken depends on the number of entries, not on which of them matches.
        """
        allowed = self._allowed.of(address)
        chosen: str | Refusal = UNKNOWN_COMMUNITY
        for (name, known), here in zip(self._entries, allowed, strict=True):
            if compare_digest(known, community):
                if here and isinstance(chosen, Refusal):
                    chosen = name
                elif chosen is UNKNOWN_COMMUNITY:
                    chosen = SOURCE_NOT_ALLOWED
        return chosen

    def masked(self, data: bytes) -> bytes:
        """Bytes in which a community may stand anywhere, with every known one masked: what is left
        when nobody can tell where it is."""
        for _, community in self._entries:
            data = data.replace(community, b"*" * len(community))
        return data
