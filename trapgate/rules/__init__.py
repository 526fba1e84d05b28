"""Rules: YAML → rules as data; events → matches; matches → alerts raised and cleared.

Three parts, joined by data: `build_rules` reads the user's files, `Matcher` says which rules an
event meets (stateless, on the ingest path), `RuleEngine` keeps what is raised and what is not.
"""

from trapgate.rules.build import build_rules
from trapgate.rules.engine import RuleEngine, RuleOutcome
from trapgate.rules.matcher import Matcher
from trapgate.rules.settings import RuleFile, RuleGroup, RuleSettings
from trapgate.rules.state import (
    STATE_PREFIX,
    KeyState,
    StateUnreadable,
    decode_state,
    encode_state,
    state_key,
)

__all__ = [
    "STATE_PREFIX",
    "KeyState",
    "Matcher",
    "RuleEngine",
    "RuleFile",
    "RuleGroup",
    "RuleOutcome",
    "RuleSettings",
    "StateUnreadable",
    "build_rules",
    "decode_state",
    "encode_state",
    "state_key",
]
