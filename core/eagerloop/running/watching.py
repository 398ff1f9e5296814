"""`eagerloop.watch`: records of single steps, from here on in a run."""

from eagerloop.parts import use
from eagerloop.running.run import Run


def watch(run: Run, *, every: int = 0) -> Run:
    """Lets the observer `watch` write records of a run's steps, as if the run had been made with it.

    Args:
        run: A run that is not training at this moment, such as `eagerloop.load` gives.
        every: A record each so many steps; 0: about ten in the run.

    Returns:
        The run. Its `train` writes `records/step-00000012.json` and so on into its directory; its numbers stay the same.

    Raises:
        ConfigError: `every` is negative.

    Example:
        >>> import eagerloop, tempfile
        >>> run = eagerloop.train(epochs=1, directory=tempfile.mkdtemp())
        >>> run = eagerloop.watch(run, every=10).train(epochs=2)
        >>> sorted(path.name for path in (run.directory / "records").iterdir())
        ['step-00000020.json']
    """
    run.observe(use("watch", every=every))
    return run
