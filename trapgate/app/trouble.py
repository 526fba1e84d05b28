"""Failures of the disk that a process must outlive, told once each."""

from collections.abc import Iterator
from contextlib import contextmanager

from trapgate.app.engine import EngineError
from trapgate.observe import logger
from trapgate.store import StoreUnavailable


class Trouble:
    """One thing that a process does again and again and that the disk may refuse. When it begins to
    fail that is one error in the log, named `event`, and when it works again one line `event`.over.
    """

    def __init__(self, event: str) -> None:
        self.reason = ""
        self._event = event

    @contextmanager
    def contained(self) -> Iterator[None]:
        """End the block, and not the process, at what the disk refuses and at damaged files."""
        try:
            yield
        except (OSError, StoreUnavailable, EngineError) as error:
            if not self.reason:
                logger().error(self._event, reason=str(error))
            self.reason = str(error) or type(error).__name__
        else:
            if self.reason:
                logger().info(f"{self._event}.over", after=self.reason)
            self.reason = ""
