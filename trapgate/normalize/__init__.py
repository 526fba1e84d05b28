"""Decoded messages → events: names, identity, one schema. Pure; given the MIB index and `now`."""
