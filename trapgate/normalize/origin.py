"""Whose trap is this: the device behind the sender, and why it is believed to be that one.

In: a trap, its peer, the user's policy and inventory. Out: an `Origin`. Nothing in SNMPv1 and v2c
is authenticated, so what a trap says of its own origin counts only if the user trusts who sent it.
No name is resolved.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

import msgspec

from trapgate.config import Cidr
from trapgate.model import Trap, unmapped
from trapgate.normalize.settings import AgentAddressPolicy
from trapgate.normalize.sources import ADDRESSES_CACHED_MAX, Source, Sources

SNMP_TRAP_ADDRESS = "1.3.6.1.6.3.18.1.3.0"
"""RFC 3584 §3.1: the agent's address, which a proxy adds to the variables."""

Identity = Literal["peer", "engine-id", "relay:snmpTrapAddress", "relay:agent-addr", "agent-addr"]
"""What named the device (`snmp.identity`): the transport's peer, an engine ID of the inventory,
what a trusted relay says of the trap's origin, or the agent address of any SNMPv1 trap."""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """The device: its name, the best known address, what named it, the labels of its entry."""

    device: str
    address: str
    identity: Identity
    labels: Mapping[str, str]


class _Peer(msgspec.Struct, frozen=True, gc=False):
    """What is known of a sender: where its own traps come from, and whether it is a relay."""

    origin: Origin
    relay: bool


class Origins:
    """The policy. The answer for a peer is remembered, so that a v2c trap costs one look-up."""

    def __init__(
        self,
        sources: Sources,
        relays: Sequence[Cidr] = (),
        agent_address: AgentAddressPolicy = "relays",
    ) -> None:
        self._sources = sources
        self._relays = tuple(relays)
        self._agent_address = agent_address
        self._peers: dict[str, _Peer] = {}

    def of(self, trap: Trap, peer: str) -> Origin:
        """The origin of a trap that came from the address `peer` (canonical text).

        In this order: the engine ID, if the message was authenticated and the inventory lists it;
        snmpTrapAddress.0 and then the agent address, as the policy has it; the peer. An address
        that cannot be a device's (none, unspecified, loopback, multicast) is passed over.
        """
        known = self._peers.get(peer) or self._peer(peer)
        if trap.enterprise is None and trap.engine_id is None and not known.relay:
            return known.origin
        origin = self._by_address(trap, known)
        source = self._by_engine(trap, known.relay)
        if source is None:
            return origin
        return Origin(source.name or origin.device, origin.address, "engine-id", source.labels)

    def _peer(self, peer: str) -> _Peer:
        if len(self._peers) >= ADDRESSES_CACHED_MAX:
            self._peers.clear()
        address = ip_address(peer.partition("%")[0])
        relay = any(cidr.holds(address) for cidr in self._relays)
        known = self._peers[peer] = _Peer(self._origin(peer, "peer"), relay)
        return known

    def _origin(self, address: str, identity: Identity) -> Origin:
        source = self._sources.of(address)
        return Origin(source.name or address, address, identity, source.labels)

    def _by_address(self, trap: Trap, known: _Peer) -> Origin:
        """The first address that may be believed; one that is the peer's says nothing new."""
        said: str | None = None
        identity: Identity = "relay:snmpTrapAddress"
        if known.relay:
            said = _trap_address(trap)
        if said is None and self._believes_agents(known.relay):
            said = device_address(trap.agent_address)
            identity = "relay:agent-addr" if known.relay else "agent-addr"
        if said is None or said == known.origin.address:
            return known.origin
        return self._origin(said, identity)

    def _believes_agents(self, relay: bool) -> bool:
        return self._agent_address == "always" or (relay and self._agent_address == "relays")

    def _by_engine(self, trap: Trap, relay: bool) -> Source | None:
        """The inventory's entry of the engine. Without authentication anybody could name any.

        The sender of a trap is the authoritative engine (RFC 3414 §1.5.1). That of an inform is
        ours, and a relay's is its own: there the context's engine tells the origin (RFC 3411
        §3.3.1).
        """
        if trap.security_level not in ("authNoPriv", "authPriv"):
            return None
        contextual = relay or trap.pdu_type == "inform"
        engine_id = trap.context_engine_id if contextual else trap.engine_id
        return self._sources.engine(engine_id) if engine_id else None


def device_address(said: str | bytes | None) -> str | None:
    """An address that a device says of itself, as text or packed, in canonical form; `None` for
    what is no address or cannot be a device's. A v4-mapped one is IPv4."""
    address = _address(said) if said else None
    if address is None or address.is_unspecified or address.is_loopback or address.is_multicast:
        return None
    return str(address)


def canonical_address(text: str) -> str:
    """An address as events have it: a v4-mapped one is IPv4; what is no address stays as it is."""
    address = _address(text)
    return text if address is None else str(address)


def _address(said: str | bytes) -> IPv4Address | IPv6Address | None:
    """Octets may hold the address written out (some proxies do that), else they are its bytes."""
    forms: list[str | bytes] = [said]
    if isinstance(said, bytes) and said.isascii():
        forms = [said.decode("ascii"), said]
    for form in forms:
        try:
            return unmapped(ip_address(form))
        except ValueError:
            continue
    return None


def _trap_address(trap: Trap) -> str | None:
    for varbind in trap.varbinds:
        if varbind.oid == SNMP_TRAP_ADDRESS and isinstance(varbind.value, str | bytes):
            return device_address(varbind.value)
    return None
