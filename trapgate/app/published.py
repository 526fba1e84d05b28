"""The published configuration, as one process follows it.

In: the bundle in `run`, which the supervisor publishes. Out: configurations to take over.
The file may be lost or damaged at any time: that changes nothing, all go on with what they have.
"""

from pathlib import Path

from trapgate.app.build import Configuration, build
from trapgate.app.files import Bundle, Stamp, bundle_stamp, publish_bundle, published_bundle
from trapgate.app.trouble import Trouble
from trapgate.observe import logger

NEVER_PUBLISHED: Stamp = (0, 0)


class Published:
    """`stamp` is that of the bundle that this process has, or has looked at in vain."""

    def __init__(self, path: Path, stamp: Stamp = NEVER_PUBLISHED) -> None:
        self.stamp = stamp
        self._path = path
        self._reading = Trouble("configuration.unreadable")

    def publish(self, bundle: Bundle) -> None:
        """Make a bundle the one that all processes use. Raises `OSError`; nothing changes then."""
        self.stamp = publish_bundle(bundle, self._path)

    def lost(self) -> bool:
        """Whether there is no published bundle any more."""
        return not self._path.is_file()

    def newer(self) -> Configuration | None:
        """What has been published since the last look; None if nothing was, or if it cannot be
        used, which is logged."""
        bundle: Bundle | None = None
        with self._reading.contained():
            bundle = self._newer_bundle()
        return None if bundle is None else build(bundle)[0]

    def _newer_bundle(self) -> Bundle | None:
        """Raises `OSError`: what cannot be read now is tried again. What is damaged stays so."""
        try:
            stamp = bundle_stamp(self._path)
        except FileNotFoundError:
            return None  # the supervisor publishes it again
        if stamp == self.stamp:
            return None
        try:
            bundle = published_bundle(self._path)
        except ValueError as error:
            logger().error("configuration.damaged", reason=str(error))
            bundle = None
        self.stamp = stamp
        return bundle
