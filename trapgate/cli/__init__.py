"""The command line: parse arguments, call `app` or the HTTP API, print.

Data goes to standard output, talk to standard error. Exit codes: 0 done, 1 problems found or not
delivered, 2 wrong usage, 78 the configuration cannot be used.
"""

from trapgate.cli.main import main

__all__ = ["main"]
