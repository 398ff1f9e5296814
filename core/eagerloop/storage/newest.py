"""Whether a run's directory is as this process left it: another one may have trained there meanwhile."""

import contextlib

from eagerloop.errors import CheckpointError
from eagerloop.storage.manifests import MANIFEST, describe
from eagerloop.storage.store import Store


class Newest:
    """What the newest checkpoint was when this process last looked."""

    def __init__(self) -> None:
        self._seen: tuple[str, ...] | None = None  # it has not looked

    def look(self, store: Store) -> None:
        """Remembers it; to be called before the checkpoint is read, lest one that comes meanwhile be taken for known."""
        self._seen = _mark(store)

    def refuse_another(self, store: Store, directory: object) -> None:
        """Refuses to write over what this process does not know.

        Args:
            store: The checkpoints.
            directory: The run's, for the message.

        Raises:
            CheckpointError: The newest checkpoint is another one by now.
        """
        newest = _mark(store)
        if self._seen is not None and newest != self._seen:
            now, then = (mark[0] if mark else "none" for mark in (newest, self._seen))
            what = f"{directory} was changed since this run was there: its newest checkpoint is {now}, it was {then}"
            msg = f"{what}; it was trained elsewhere meanwhile: open it again with eagerloop.load('{directory}')"
            raise CheckpointError(msg)


def _mark(store: Store) -> tuple[str, ...]:
    """Name and checksum of the newest checkpoint, whose files are not looked into; empty where there is none."""
    for step in reversed(store.steps()):
        directory = store.path_of(step)
        with contextlib.suppress(OSError):  # one without a manifest is none; or it is being replaced
            return directory.name, describe(directory / MANIFEST)["sha256"]
    return ()
