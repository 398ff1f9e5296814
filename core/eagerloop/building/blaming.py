"""Whatever a part raises while a run is put together becomes a sentence about the part."""

import contextlib
from collections.abc import Iterator

from eagerloop.errors import EagerloopError, PluginError


@contextlib.contextmanager
def blaming(what: str) -> Iterator[None]:
    """Turns whatever a part raises, while a run is put together, into a sentence about the part.

    Args:
        what: How the sentence begins.

    Raises:
        PluginError: The part raised something; errors that eagerloop has worded itself are passed on.
    """
    try:
        yield
    except EagerloopError:
        raise
    except (Exception, SystemExit) as error:
        msg = f"{what}: {type(error).__name__}: {' '.join(str(error).split())}"
        raise PluginError(msg) from error
