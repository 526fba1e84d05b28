"""Small files that are replaced whole: what a reader finds is the old or the new one."""

import os
from contextlib import suppress
from pathlib import Path

SCRATCH_SUFFIX = ".tmp"
"""Of a file that is being written; a process that was killed meanwhile leaves one."""


def replace_file(path: Path, data: bytes) -> os.stat_result:
    """Put `data` in the place of a file, durable on return, its name too; for the owner only. What
    root replaces stays its owner's, and what root makes is the folder's owner's: a command beside a
    trapgate that is not root's must not take its files away from it.

    Two processes may replace it at the same time: each writes a file of its own, the later one
    stays. The folder is made if it is missing. Returns the file's stat. Raises `OSError`; nothing
    has changed then.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}{SCRATCH_SUFFIX}")
    try:
        fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            if os.geteuid() == 0:
                owner = (path if path.exists() else path.parent).stat()
                with suppress(PermissionError):  # root of a container that may give nothing away
                    os.fchown(fd, owner.st_uid, owner.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            written = os.fstat(file.fileno())
        os.replace(scratch, path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return written
