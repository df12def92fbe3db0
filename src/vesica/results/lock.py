"""One writer at a time: a lock that the system drops when the process dies."""

from __future__ import annotations

import contextlib
import os
import weakref
from pathlib import Path

from vesica.errors import error


class FolderLock:
    """Exclusive claim on a folder until `release`, or until the process ends, even by ``kill -9``.

    Where the system cannot lock a folder (Windows, some network disks) it claims nothing.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import fcntl
        except ImportError:
            self._finalizer = weakref.finalize(self, _close, None)
            return
        descriptor = os.open(folder, os.O_RDONLY)
        self._finalizer = weakref.finalize(self, _close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise error(str(folder), f"another process is writing the run `{folder.name}`",
                        "a run has one writer", "two writers would overwrite each other's rows",
                        "wait for it to end, or stop it, and resume then") from None
        except OSError:  # this file system has no locks
            self.release()

    def release(self) -> None:
        """Give the claim up; again is harmless."""
        self._finalizer()


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        with contextlib.suppress(OSError):
            os.close(descriptor)
