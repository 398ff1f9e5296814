"""Several workers of one run on this machine, to try out what several machines will do."""

import argparse
import json
import shlex
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from eagerloop.distribution.workers.orphans import LAUNCHED
from eagerloop.distribution.workers.supervising import Outcome, Processes
from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.storage.naming import directory_named
from eagerloop.storage.run_directory import RUNS, RunDirectory

COMMANDS = ("train", "resume")
_BEGIN = "from eagerloop.distribution.workers.orphans import end_with_the_launcher; end_with_the_launcher()"
_MAIN = "import sys; from eagerloop.cli import main; sys.argv[0] = 'eagerloop'; main()"
PROGRAM = (sys.executable, "-P", "-c", f"{_BEGIN}; {_MAIN}")
"""How a worker is started: as the package's script does it, by this very Python, importing nothing from where it is started."""

LOGS = "logs"
PORT = 2222
"""The port in the lines for real machines."""


class Job(NamedTuple):
    """What each worker runs.

    Attributes:
        words: What stands behind `eagerloop`.
        run: The run's directory.
    """

    words: Sequence[str]
    run: Path


def launch(job: Job, workers: int, logs: Path, show: Callable[[str], None]) -> Outcome:
    """Runs a job in several processes on this machine, and waits for its end.

    Args:
        job: What each of them runs.
        workers: How many.
        logs: Where their logs go.
        show: Is given what the chief says, piece by piece.

    Returns:
        The exit code to pass on; where it is not 0 a sentence, with the command that continues the run if there is one.

    Raises:
        ConfigError: The logs cannot be written.
    """
    variables = [
        {"TF_CONFIG": text, LAUNCHED: "1"} for text in tf_configs([f"127.0.0.1:{port}" for port in free_ports(workers)])
    ]
    with Processes([[*PROGRAM, *job.words]] * workers, variables, logs) as started:
        outcome = started.wait(show)
    if not outcome.code or not RunDirectory(job.run).run_toml.exists():
        return outcome
    again = shlex.join(["eagerloop", "launch", "--workers", str(workers), "--", "resume", str(job.run)])
    return outcome._replace(sentence=f"{outcome.sentence}; continue with: {again}")


def job_of(words: Sequence[str]) -> Job:
    """The command that each worker is to run: the user's, with what makes one run of several workers out of it.

    Args:
        words: `train` or `resume`, and what stands behind it.

    Returns:
        The words with the strategy and the run's directory, on which all have to agree.

    Raises:
        ConfigError: It is no training, has another strategy, or its run is there already (or, to be resumed, is not there).

    Example:
        >>> job_of(["train", "--run", "runs/mine"]).words
        ['train', '--run', 'runs/mine', '--strategy', 'multi-worker']
    """
    command, *rest = (list(words[1:]) if list(words[:1]) == ["eagerloop"] else list(words)) or [""]
    if command not in COMMANDS:
        msg = f"launch runs 'train' or 'resume', got '{command}'; {did_you_mean(command, COMMANDS)}"
        raise ConfigError(msg)
    strategy, named = _value_of("--strategy", rest), _value_of("--run", rest)
    if strategy not in ("", "multi-worker"):
        msg = f"launch starts workers of the strategy 'multi-worker', got --strategy {strategy}; leave it out"
        raise ConfigError(msg)
    added = [] if strategy else ["--strategy", "multi-worker"]
    if command == "resume":
        first = rest[:1] if rest and not rest[0].startswith("-") else []
        run = RunDirectory.existing(directory_named(first[0] if first else None)).path
        return Job([command, str(run), *rest[len(first) :], *added], run)
    given = any(word.partition("=")[0] == "--run" for word in rest)
    run = (directory_named(named) if given else None) or RUNS / f"{time.strftime('%Y%m%d-%H%M%S')}-launched"
    RunDirectory.refuse_taken(run, overwrite="--overwrite" in rest, typed=True)
    return Job([command, *rest, *([] if given else ["--run", str(run)]), *added], run)


def _value_of(flag: str, words: Sequence[str]) -> str:
    """What a command line gives for a flag; an empty text if nothing."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, argument_default="")
    parser.add_argument(flag, dest="value", nargs="?", const="")
    return str(parser.parse_known_args(list(words))[0].value)


def log_directory(job: Job) -> Path:
    """Where the logs of a job go that is started now: into its run.

    Raises:
        ConfigError: A symbolic link leads there from the run: whoever made the run would choose where is written.
    """
    logs = job.run / LOGS
    if logs.is_symlink():
        msg = f"{logs} is a symbolic link; remove it, or name a directory with --log-directory"
        raise ConfigError(msg)
    return logs / time.strftime("%Y%m%d-%H%M%S")


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody has, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def tf_configs(addresses: Sequence[str]) -> list[str]:
    """The value of TF_CONFIG for each worker.

    Args:
        addresses: `host:port` of each.

    Returns:
        JSON in the same order.

    Example:
        >>> tf_configs(["ada:2222"])
        ['{"cluster": {"worker": ["ada:2222"]}, "task": {"type": "worker", "index": 0}}']

    Source: TensorFlow's guide "Multi-worker training with Keras", "TF_CONFIG".
    """
    cluster = {"worker": list(addresses)}
    return [json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}}) for index in range(len(addresses))]


def lines_for_machines(job: Job, workers: int) -> Iterator[str]:
    r"""What would be typed on each of several machines, in place of which HOST0, HOST1 and so on are named.

    Yields:
        A line for each machine.

    Example:
        >>> next(lines_for_machines(Job(["train"], Path("runs/mine")), 1))
        'TF_CONFIG=\'{"cluster": {"worker": ["HOST0:2222"]}, "task": {"type": "worker", "index": 0}}\' eagerloop train'
    """
    words = shlex.join(["eagerloop", *job.words])
    for text in tf_configs([f"HOST{index}:{PORT}" for index in range(workers)]):
        yield f"TF_CONFIG={shlex.quote(text)} {words}"
