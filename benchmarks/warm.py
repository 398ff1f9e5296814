"""Children that need not import TensorFlow: they are forked from a process that has imported it and has not used it yet.

Importing TensorFlow takes seconds, and a process that is killed can be used once only. Before its first operation TensorFlow
has no threads and no state of a device, so that a fork is a fresh process in every way that counts: it gets its own.
"""

import contextlib
import importlib
import json
import os
import random
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def warm_up() -> None:
    """Imports all that a child needs, and does nothing with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras  # noqa: F401
        import tensorflow as tf

        for name in ("opening", "verifying", "cli.training"):
            importlib.import_module(f"eagerloop.{name}")
    tf.get_logger().setLevel("ERROR")
    from tensorflow.python.eager import context

    in_use = context.context()._initialized  # noqa: SLF001 - as above
    assert not in_use, "TensorFlow is in use already: a fork of this process would be unsafe"


def seed_differently(number: int) -> None:
    """Sets every generator of the process to something that no run uses."""
    import keras
    import numpy as np

    keras.utils.set_random_seed(1_000_000 + number)
    random.seed(f"other {number}")
    np.random.seed(2_000_000 + number)  # noqa: NPY002 - the very generator that a run must put back


def child(
    work: Callable[[], Any], *, output: Path | None = None, kill: tuple[float, int] | None = None, limit: float = 120
) -> int:
    """Forks, does the work in the child, and waits for it.

    Args:
        work: What the child does; what it returns as an int is its exit code, an exception is 70 and a traceback.
        output: Where the child's stdout and stderr go.
        kill: Seconds after which a signal is sent to the child, and which.
        limit: Seconds after which a child that hangs is ended: an error.

    Returns:
        The exit code; of a child that a signal ended, its number, negative.

    Raises:
        TimeoutError: The child hung.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    begin = time.monotonic()
    process = os.fork()
    if not process:
        _work(work, output)
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        passed = time.monotonic() - begin
        if kill is not None and passed >= kill[0]:
            os.kill(process, kill[1])
            kill = None
        if passed > limit:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            msg = f"a child hung for {limit} seconds"
            raise TimeoutError(msg)
        time.sleep(0.002)


def _work(work: Callable[[], Any], output: Path | None) -> None:
    """The whole life of a child."""
    code = 70
    try:
        if output is not None:
            descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
        code = int(work() or 0)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:  # noqa: BLE001 - the parent is told by the exit code
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def read_variables(directory: Path) -> dict[str, Any]:
    """Every variable of a checkpoint, by name, read without the engine."""
    import numpy as np
    import tensorflow as tf

    if (directory / "variables.npz").is_file():
        with np.load(directory / "variables.npz") as archive:
            return {name: archive[name] for name in archive.files}
    reader = tf.train.load_checkpoint(str(directory / "variables"))
    names = [name for name in reader.get_variable_to_shape_map() if name.endswith("VARIABLE_VALUE")]
    return {name: np.asarray(reader.get_tensor(name)) for name in names}


def differences(directory: Path, reference: Path) -> list[str]:
    """What differs between two checkpoints: every variable bit for bit, and all of the rest but the seconds.

    A signal can stop a run after the last batch of an epoch and before its end; at that step, the uninterrupted run has saved
    the end of the epoch. There the figures of the epoch differ as they must, and model, optimizer and generators are compared.
    """
    old, new = (json.loads((path / "manifest.json").read_text()) for path in (reference, directory))
    found = [key for key in ("step", "position", "tally", "observers", "random", "variables") if old[key] != new[key]]
    rows = [
        [{key: value for key, value in row.items() if key != "seconds"} for row in content["history"]] for content in (old, new)
    ]
    found += ["history"] if rows[0] != rows[1] else []
    values, others = read_variables(reference), read_variables(directory)
    found += sorted(values.keys() ^ others.keys())
    common = values.keys() & others.keys()
    same = {
        name: values[name].dtype == others[name].dtype and values[name].tobytes() == others[name].tobytes() for name in common
    }
    found += sorted(name for name in common if not same[name])
    not_closed = (
        new["position"]["batch"] and not old["position"]["batch"] and new["position"]["epoch"] == old["position"]["epoch"] - 1
    )
    of_the_epoch = ("position", "tally", "history", "observers", "metric/")
    return [name for name in found if not (not_closed and name.startswith(of_the_epoch))]
