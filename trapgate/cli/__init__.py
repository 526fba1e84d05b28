"""The command line: parse arguments, call `app` or the HTTP API, print.

Data goes to standard output, talk to standard error. The exit codes are in docs/cli.md, and beside
what gives them: `ending`, `events.asked`.
"""

from trapgate.cli.main import main

__all__ = ["main"]
