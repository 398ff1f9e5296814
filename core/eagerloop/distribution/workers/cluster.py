"""The workers of a `multi-worker` run, as TF_CONFIG names them.

TensorFlow takes TF_CONFIG as it comes: a slip in it ends in a traceback, or in silence. So it is read and checked here first.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eagerloop.errors import ConfigError

JOBS = ("chief", "worker")
EXAMPLE = '{"cluster": {"worker": ["ada:2222", "bob:2222"]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True)
class Cluster:
    """Who takes part in a run, and which of them this process is.

    Attributes:
        names: Every worker, such as `worker 0`; the chief, who writes what is kept, is the first.
        addresses: Where each one is, `host:port`, in the same order.
        place: The place of this process in both.
    """

    names: Sequence[str]
    addresses: Sequence[str]
    place: int

    def told(self, place: int) -> str:
        """A worker in words.

        Example:
            >>> Cluster(["worker 0", "worker 1"], ["ada:2222", "bob:2222"], 0).told(1)
            'worker 1 (bob:2222)'
        """
        return f"{self.names[place]} ({self.addresses[place]})"

    @property
    def others(self) -> list[int]:
        """The places of all workers but this one."""
        return [place for place in range(len(self.names)) if place != self.place]

    def task(self, place: int) -> str:
        """What TensorFlow calls a worker."""
        job, _, index = self.names[place].partition(" ")
        return f"/job:{job}/replica:0/task:{index or 0}"


def read_cluster(environment: Mapping[str, str] = os.environ) -> Cluster:
    """Who takes part, by the environment variable TF_CONFIG.

    Args:
        environment: The variables.

    Returns:
        The workers, none of them asked yet.

    Raises:
        ConfigError: What is missing or wrong, and what it must be.

    Example:
        >>> read_cluster({"TF_CONFIG": EXAMPLE}).told(0)
        'worker 0 (ada:2222)'
    """
    text = environment.get("TF_CONFIG", "")
    if not text.strip():
        msg = (
            "the strategy 'multi-worker' reads from the environment variable TF_CONFIG who takes part, and it is not set; "
            "'eagerloop launch --workers 2 -- train' sets it for workers on this machine"
        )
        raise ConfigError(msg)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(_wrong(f"is not JSON: {error}", text)) from error
    jobs = _table(_table(content, "TF_CONFIG"), "cluster")
    names, addresses = [], []
    for job in sorted(jobs):  # the chief before the workers
        if job not in JOBS:
            raise ConfigError(_wrong("has a job in 'cluster' that is neither 'chief' nor 'worker'", job))
        tasks = jobs[job]
        if not isinstance(tasks, list) or not tasks or (job == "chief" and len(tasks) > 1):
            few = "one address" if job == "chief" else "addresses"
            raise ConfigError(_wrong(f"must have a list of {few} as '{job}'", tasks))
        names += [job if job == "chief" else f"worker {index}" for index in range(len(tasks))]
        addresses += [_address(address, job, index) for index, address in enumerate(tasks)]
    if not names:
        raise ConfigError(_wrong("must name the workers in 'cluster'", jobs))
    for place, address in enumerate(addresses):
        if address in addresses[:place]:
            twins = f"{names[addresses.index(address)]} and {names[place]}"
            raise ConfigError(_wrong(f"gives {twins} one address; each needs a port of its own", address))
    return Cluster(tuple(names), tuple(addresses), _place(content, jobs, names))


def _place(content: Mapping[str, Any], jobs: Mapping[str, Any], names: Sequence[str]) -> int:
    """Which of the workers the task is."""
    task = _table(content, "task")
    job, index = str(task.get("type")), task.get("index")
    if job not in jobs:
        raise ConfigError(_wrong(f"must have a task of the type {' or '.join(map(repr, jobs))}, as its cluster has", job))
    last = len(jobs[job]) - 1
    if isinstance(index, bool) or not str(index).isdecimal() or int(str(index)) > last:
        raise ConfigError(_wrong(f"must have a task with an index from 0 to {last}, as its cluster has", index))
    return names.index(job if job == "chief" else f"worker {int(str(index))}")


def _table(content: Any, key: str) -> dict[str, Any]:
    value = content if key == "TF_CONFIG" else content.get(key)
    if not isinstance(value, dict):
        what = "must be a table" if key == "TF_CONFIG" else f"must have a table '{key}'"
        raise ConfigError(_wrong(what, value))
    return value


def _address(address: Any, job: str, index: int) -> str:
    host, colon, port = str(address).rpartition(":")
    plain = isinstance(address, str) and bool(host) and not any(letter.isspace() or letter in "/," for letter in host)
    plain = plain and (":" not in host or (host.startswith("[") and host.endswith("]")))  # IPv6 is [fe80::1]:2222
    if not (plain and colon and port.isdecimal() and port.isascii() and 0 < int(port) < 2**16):
        raise ConfigError(_wrong(f"must have host:port, the port from 1 to 65535, as address {index} of '{job}'", address))
    return str(address)


def _wrong(what: str, received: Any) -> str:
    return f"TF_CONFIG {what}, got {str(received) if received is not None else 'nothing':.80}; such as {EXAMPLE}"
