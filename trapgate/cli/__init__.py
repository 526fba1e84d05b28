"""The command line: parse arguments, call `app` or the HTTP API, print."""


def main() -> None:
    raise SystemExit("not built yet")
