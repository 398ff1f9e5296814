"""Who may write to a run's directory: one process at a time."""

import contextlib
from pathlib import Path

import filelock

from eagerloop.errors import CheckpointError, ConfigError

LOCK = "run.lock"


class RunLock:
    """The lock of a run, which ends with the process at the latest; it may be taken again by who has it."""

    def __init__(self) -> None:
        self._lock: filelock.BaseFileLock | None = None

    def acquire(self, directory: Path, shown: Path) -> None:
        """Takes it.

        Args:
            directory: The run's, as an absolute path.
            shown: The same for messages.

        Raises:
            CheckpointError: Another process has it.
            ConfigError: It cannot be written.
        """
        try:
            self._lock = self._lock or filelock.FileLock(directory / LOCK)
            self._lock.acquire(timeout=0)
        except filelock.Timeout as error:
            msg = f"another process is writing to {shown}; wait for it to end, or stop it, then try again"
            raise CheckpointError(msg) from error
        except OSError as error:
            msg = f"run directory {shown} cannot be written: {error.strerror or error}"
            raise ConfigError(msg) from error

    def release(self) -> None:
        """Lets it go."""
        with contextlib.suppress(OSError):  # a disk that fails at the very end
            if self._lock is not None:
                self._lock.release()
