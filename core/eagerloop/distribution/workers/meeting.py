"""How the workers of a run find each other, each within a bounded time.

TensorFlow waits an hour for a worker that is missing, and takes no signal meanwhile. So the workers' ports are tried out first;
what they have to tell each other goes through TensorFlow.
"""

import contextlib
import errno
import os
import signal
import socket
import threading
import time
import warnings
from collections.abc import Iterator, Mapping

from eagerloop.distribution.workers.cluster import Cluster
from eagerloop.errors import ConfigError, TrainingError

WAIT = "EAGERLOOP_WAIT"
PATIENCE = 60.0
"""Seconds that a worker waits for the others, unless the environment variable EAGERLOOP_WAIT says otherwise."""

HEARTBEAT = 15
"""Seconds without a sign after which a worker counts as lost."""

SAY_AFTER = 5
"""Seconds after which a worker says whom it waits for."""


@contextlib.contextmanager
def joining(here: Cluster) -> Iterator[None]:
    """The strategy is to be made while this lasts: then TensorFlow brings the workers together.

    Args:
        here: The workers.

    Raises:
        ConfigError: This worker's port is taken, or TensorFlow is in use already.
        TrainingError: A worker did not come in time.
    """
    import tensorflow as tf  # noqa: PLC0415

    seconds = patience()
    with listening(here.told(here.place), here.addresses[here.place]):
        wait_for_the_others(here, seconds)
    _bound(here, seconds)
    try:
        with _own_signals():
            yield
    except RuntimeError as error:
        msg = "the workers must be brought together before TensorFlow has run anything in this process; train in a new one"
        raise ConfigError(msg) from error
    except tf.errors.OpError as error:
        # The message ends with the names of the missing workers. Where the chief is missing, it has no names.
        late = [here.told(place) for place in here.others if f"{here.task(place)}\n" in f"{error.message}\n"]
        msg = (
            f"{', '.join(late or [here.told(0)])} could be reached, and did not join within {seconds:g} s; read what it said, "
            "then start all workers again"
        )
        raise TrainingError(msg) from error


def wait_for_the_others(here: Cluster, seconds: float) -> None:
    """Returns once every other worker's port has answered.

    Args:
        here: The workers.
        seconds: How long to wait at the most.

    Raises:
        TrainingError: Who has not answered, and why not.
    """
    begin, told = time.monotonic(), False
    missing = dict.fromkeys(here.others, "")
    while missing := {place: reason for place in missing if (reason := why_unreachable(here.addresses[place]))}:
        passed = time.monotonic() - begin
        who = ", ".join(f"{here.told(place)}: {reason}" for place, reason in missing.items())
        if passed >= seconds:
            msg = (
                f"{here.told(here.place)} has waited {seconds:g} s ({WAIT}) for {who}; start all workers within that time, "
                "with one cluster in every TF_CONFIG, and let their ports through the firewall"
            )
            raise TrainingError(msg)
        if passed >= SAY_AFTER and not told:
            warnings.warn(f"waiting for {who}", stacklevel=4)
            told = True
        time.sleep(0.2)


def _bound(here: Cluster, seconds: float) -> None:
    """Has TensorFlow, too, give up in time: on a worker that has died since its port answered."""
    from eagerloop.unpublished import bound_joining  # noqa: PLC0415 - it needs TensorFlow

    jobs = [name.split()[0] for name in here.names]
    tasks = {name: jobs.count(name) for name in jobs}
    bound_joining(here.task(0), tasks, seconds=seconds, heartbeat=HEARTBEAT)


def patience(environment: Mapping[str, str] = os.environ) -> float:
    """How many seconds a worker waits for the others.

    Raises:
        ConfigError: EAGERLOOP_WAIT is no number of seconds.

    Example:
        >>> patience({"EAGERLOOP_WAIT": "90"})
        90.0
    """
    text = environment.get(WAIT) or str(PATIENCE)
    with contextlib.suppress(ValueError):
        if 0 < float(text) <= 24 * 3600:
            return float(text)
    msg = f"{WAIT} must be a number of seconds above 0 and up to a day, got {text!r}"
    raise ConfigError(msg)


@contextlib.contextmanager
def listening(who: str, address: str) -> Iterator[None]:
    """Holds the port of an address on this machine, so that the others find it before TensorFlow takes it.

    Raises:
        ConfigError: Another program has it.
    """
    port, both = int(address.rpartition(":")[2]), socket.has_dualstack_ipv6()  # as TensorFlow: IPv4, and IPv6 where there is
    try:
        own = socket.create_server(("", port), family=socket.AF_INET6 if both else socket.AF_INET, dualstack_ipv6=both)
    except OSError as error:
        taken = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
        msg = f"port {port} of {who} {taken} on this machine; end that program, or choose another port in every TF_CONFIG"
        raise ConfigError(msg) from error
    with own:
        yield


def why_unreachable(address: str) -> str:
    """Why nobody answers at an address, or an empty text if somebody does.

    Args:
        address: `host:port`.
    """
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
    except socket.gaierror:
        return "its name is unknown"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Puts the handler of SIGTERM back: TensorFlow takes the signal for itself when it joins, and ends nothing then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)
