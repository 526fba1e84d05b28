"""The files of a TLS listener, read again when they change."""

import os

from trapgate.listen.tls import TlsContext, UnusableFile, load_context
from trapgate.listen.tls_settings import TlsSettings
from trapgate.observe import logger

_Stamp = tuple[tuple[int, int, int] | None, ...]


class Certificates:
    """What new connections of a listener begin with. Never raises: files that cannot be used are
    logged, once for each state of theirs, and those of before stay in force."""

    def __init__(self, listener: str, settings: TlsSettings) -> None:
        self._listener = listener
        self._settings = settings
        self._context: TlsContext | None = None
        self._stamp: _Stamp = ()
        self.refresh()

    @property
    def settings(self) -> TlsSettings:
        return self._settings

    @property
    def context(self) -> TlsContext | None:
        """None while there never was a usable one."""
        return self._context

    def refresh(self) -> None:
        """Look at the files, to be called about each second. Files are replaced one after the
        other: a certificate that has no key yet is tried again when the key has come."""
        stamp = tuple(map(_stamp, self._settings.files()))
        if stamp == self._stamp:
            return
        again = bool(self._stamp)
        self._stamp = stamp
        try:
            self._context = load_context(self._settings)
        except UnusableFile as error:
            logger().error(
                "tls.files-unusable",
                listener=self._listener,
                key=error.key,
                reason=error.summary,
                help=error.help,
                going_on_with="the files of before" if self._context else "no connections",
            )
        else:
            if again:
                logger().info("tls.files-read-again", listener=self._listener)


def _stamp(path: os.PathLike[str]) -> tuple[int, int, int] | None:
    """What changes when a file is replaced or written, also behind a symbolic link."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
