"""Whatever a part raises while a run is put together becomes a sentence about the part."""

import contextlib
from collections.abc import Iterator

from eagerloop.errors import EagerloopError, PluginError
from eagerloop.process.numerics import without_deterministic_form


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
        cause = without_deterministic_form(error) or f"{type(error).__name__}: {' '.join(str(error).split())}"
        msg = f"{what}: {cause}"
        raise PluginError(msg) from error
