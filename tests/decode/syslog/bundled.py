"""The dialects that come with trapgate, built once for all tests."""

from pathlib import Path

from trapgate.decode.syslog.body.build import build_dialects

FOLDER = Path(__file__).parents[3] / "trapgate" / "dialects"
TEXTS = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.yml"))}
DIALECTS, PROBLEMS = build_dialects(TEXTS, {})
