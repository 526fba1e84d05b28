"""The console script: what comes before any command, and before what takes long to load."""

import signal
import sys


def main() -> int:
    """Run the command that the arguments of this process name; returns its exit code."""
    run = sys.argv[1:2] == ["run"]
    if run:
        # Until the supervisor waits for signals, SIGHUP would end the process. Blocked, it stays
        # pending: a reload that is asked for during the start is done when everything runs.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP,))
    from trapgate.cli.ending import ended, guard_outputs

    if not run:  # whose processes go on when nobody can read what they say
        guard_outputs()
    return ended(_command)


def _command() -> int:
    # Late: Ctrl-C may come while the commands are loaded, too.
    from trapgate.cli.commands import run_command

    return run_command()
