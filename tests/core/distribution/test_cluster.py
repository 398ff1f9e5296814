"""Who takes part in a `multi-worker` run: TF_CONFIG, ports, waiting, and whether all were started with the same."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from eagerloop.choices.settings import Settings, settings_of
from eagerloop.distribution.workers import meeting
from eagerloop.distribution.workers.agreement import agree, facts_of, first_difference, telling_of_a_lost_worker
from eagerloop.distribution.workers.cluster import EXAMPLE, Cluster, read_cluster
from eagerloop.distribution.workers.launching import free_ports, tf_configs
from eagerloop.distribution.workers.meeting import joining, listening, patience, wait_for_the_others, why_unreachable
from eagerloop.errors import ConfigError, TrainingError
from eagerloop.parts import use


def config(cluster, **task):
    """The environment of a process with this TF_CONFIG."""
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}


def of_worker(index, *ports):
    """The cluster of workers at these ports of this machine, as the one with the index has it."""
    return read_cluster({"TF_CONFIG": tf_configs([f"127.0.0.1:{port}" for port in ports])[index]})


def test_the_workers_stand_in_tensorflow_s_order():
    """The chief first, if there is one; the place is that of the task."""
    cluster = {"worker": ["ada:2222", "bob:2222"], "chief": ["eve:2222"]}

    here = read_cluster(config(cluster, type="worker", index="1"))

    assert here.names == ("chief", "worker 0", "worker 1")
    assert here.addresses == ("eve:2222", "ada:2222", "bob:2222")
    assert (here.place, here.others, here.told(here.place)) == (2, [0, 1], "worker 1 (bob:2222)")
    assert [here.task(place) for place in (0, 2)] == ["/job:chief/replica:0/task:0", "/job:worker/replica:0/task:1"]


TWO = {"worker": ["ada:2222", "bob:2222"]}
BAD = {
    "": "is not set; 'eagerloop launch --workers 2 -- train' sets it",
    '{"cluster": ': r"is not JSON: Expecting value: line 1 column 13 \(char 12\), got {\"cluster\": ;",
    "[" * 100_000: "is not JSON: ",
    "[1]": r"must be a table, got \[1\]",
    '{"task": {}}': "must have a table 'cluster', got nothing",
    json.dumps({"cluster": TWO}): "must have a table 'task', got nothing",
}
BAD_CLUSTERS = [
    ({}, 0, "must name the workers in 'cluster', got {}"),
    ({"ps": ["ada:1"]}, 0, "has a job in 'cluster' that is neither 'chief' nor 'worker', got ps"),
    ({"worker": "ada:1"}, 0, "must have a list of addresses as 'worker', got ada:1"),
    ({"worker": []}, 0, r"must have a list of addresses as 'worker', got \[\]"),
    ({"chief": ["ada:1", "bob:1"]}, 0, "must have a list of one address as 'chief', got"),
    ({"worker": ["ada:1", 7]}, 0, "must have host:port, the port from 1 to 65535, as address 1 of 'worker', got 7"),
    *[
        ({"worker": [bad]}, 0, "must have host:port, the port from 1 to 65535, as address 0 of 'worker', got ")
        for bad in (
            "ada",
            "ada:",
            ":1",
            "ada:0",
            "ada:65536",
            "ada:x",
            "http://ada:1",
            "a b:1",
            "::1:1",
            "ada:1,bob:1",
            "ada:²",
        )
    ],
    ({"worker": ["ada:1", "ada:1"]}, 0, "gives worker 0 and worker 1 one address; each needs a port of its own, got ada:1"),
    (TWO, 2, "must have a task with an index from 0 to 1, as its cluster has, got 2"),
    (TWO, -1, "must have a task with an index from 0 to 1, as its cluster has, got -1"),
    (TWO, True, "must have a task with an index from 0 to 1, as its cluster has, got True"),
    (TWO, None, "must have a task with an index from 0 to 1, as its cluster has, got nothing"),
]


@pytest.mark.parametrize(("text", "said"), BAD.items(), ids=range(len(BAD)))
def test_a_tf_config_that_is_none_is_refused(text, said):
    """With what it must be and what it is, in a line of bearable length."""
    with pytest.raises(ConfigError, match=said) as caught:
        read_cluster({"TF_CONFIG": text})
    assert len(str(caught.value)) < 400
    assert not text or EXAMPLE in str(caught.value)


@pytest.mark.parametrize(("cluster", "index", "said"), BAD_CLUSTERS)
def test_a_cluster_that_cannot_be_is_refused(cluster, index, said):
    """Unknown jobs, malformed and double addresses, an index that nobody has."""
    with pytest.raises(ConfigError, match=f"^TF_CONFIG {said}"):
        read_cluster(config(cluster, type=next(iter(cluster), "worker"), index=index))


@pytest.mark.parametrize("task", [{"type": "evaluator", "index": 0}, {"index": 0}, {"type": ["worker"], "index": 0}])
def test_a_task_of_another_type_is_refused(task):
    """TensorFlow knows more types than a training has."""
    with pytest.raises(ConfigError, match="must have a task of the type 'worker', as its cluster has, got"):
        read_cluster(config(TWO, **task))


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "1e9"])
def test_a_time_to_wait_that_is_none_is_refused(text):
    """The variable is named, with the range; without it, a minute."""
    with pytest.raises(ConfigError, match=f"EAGERLOOP_WAIT must be a number of seconds above 0 and up to a day, got '{text}'"):
        patience({"EAGERLOOP_WAIT": text})
    assert patience({}) == 60


def test_a_port_that_is_taken_is_told():
    """Also where the other program would share it, as TensorFlow's own server would."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        said = rf"port {port} of worker 0 \(127.0.0.1:{port}\) is taken by another program on this machine; end that program"
        with pytest.raises(ConfigError, match=said), joining(of_worker(0, port)):
            pass


def test_whoever_is_missing_is_named_with_the_reason(monkeypatch):
    """After the time that the environment variable gives; those that answer are not named."""
    monkeypatch.setenv("EAGERLOOP_WAIT", "0.5")
    own, there, missing = free_ports(3)
    said = (
        rf"^worker 0 \(127.0.0.1:{own}\) has waited 0.5 s \(EAGERLOOP_WAIT\) for worker 2 \(127.0.0.1:{missing}\): connection "
        "refused; start all workers within that time"
    )
    with listening("worker 1", f"127.0.0.1:{there}"):
        with pytest.raises(TrainingError, match=said), joining(of_worker(0, own, there, missing)):
            pass
        assert why_unreachable(f"127.0.0.1:{own}") == "connection refused"  # the port is free again


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_an_ipv6_address_is_answered_at():
    """As TensorFlow's server will: one port has both protocols."""
    (port,) = free_ports(1)
    with listening("worker 0", f"[::1]:{port}"):
        assert [why_unreachable(f"{host}:{port}") for host in ("[::1]", "127.0.0.1")] == ["", ""]


def test_a_worker_that_waits_for_long_says_for_whom(monkeypatch):
    """Once, before its time is up: a person at a terminal would think that it hangs."""
    monkeypatch.setattr(meeting, "SAY_AFTER", 0)
    own, missing = free_ports(2)
    with (
        pytest.warns(UserWarning, match=rf"^waiting for worker 1 \(127.0.0.1:{missing}\): connection refused$") as said,
        pytest.raises(TrainingError, match=r"has waited 0\.5 s"),
    ):
        wait_for_the_others(of_worker(0, own, missing), 0.5)
    assert len(said) == 1


def test_workers_that_come_late_are_waited_for():
    """In any order: the one that comes first holds its port while it waits."""
    first, second = free_ports(2)
    both = threading.Barrier(2, timeout=20)

    def late():
        time.sleep(0.5)
        with listening("worker 1", f"127.0.0.1:{second}"):
            wait_for_the_others(of_worker(1, first, second), 20)
            both.wait()

    thread = threading.Thread(target=late)
    thread.start()
    with listening("worker 0", f"127.0.0.1:{first}"):
        wait_for_the_others(of_worker(0, first, second), 20)
        both.wait()
    thread.join()
    assert not both.broken


ALONE = """
import os, sys
from eagerloop.distribution.workers.cluster import read_cluster
from eagerloop.distribution.workers.meeting import joining
import tensorflow as tf
try:
    with joining(read_cluster()):
        tf.distribute.MultiWorkerMirroredStrategy()
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.long
def test_a_worker_that_is_there_and_does_not_join_is_named():
    """Something answers at its port and is no worker: TensorFlow alone would wait an hour, deaf to signals."""
    own, deaf = free_ports(2)
    variables = {**os.environ, "EAGERLOOP_WAIT": "2", "TF_CONFIG": tf_configs([f"127.0.0.1:{own}", f"127.0.0.1:{deaf}"])[0]}
    with listening("worker 1", f"127.0.0.1:{deaf}"):
        done = subprocess.run(
            [sys.executable, "-c", ALONE], env=variables, capture_output=True, text=True, timeout=120, check=True
        )
    name = f"worker 1 (127.0.0.1:{deaf})"
    assert done.stdout.startswith(
        f"TrainingError {name} could be reached, and did not join within 2 s; read what it said, then"
    )


def test_what_must_be_the_same_is_named_as_on_the_command_line(tmp_path):
    """Options of the run and of its parts, digests of files; the observers are the chief's own affair."""
    path = tmp_path / "mine.py"
    path.write_text("1")
    settings = Settings(epochs=3, model=use("mlp", units=4), loss=use(f"{path}:mine"), observer=[use("progress")], threads=2)
    settings.plugins = [str(path)]

    facts = facts_of(settings, "abc", {"numpy": "2"})

    assert facts["epochs"] == 3
    assert (facts["model"], facts["model.units"], facts["metric"]) == ("mlp", 4, "by the data")
    digests = [facts[f"the content of {name}"] for name in (path, "the plugin mine.py")]
    assert [digest[:12] for digest in digests] == ["6b86b273ff34"] * 2  # SHA-256 of "1"
    assert (facts["the data"], facts["the version of numpy"]) == ("abc", "2")
    several = facts_of(settings_of({"loss": {"age": use("mse", weight=0.5), "kind": "mae"}}), "", {})
    assert (several["loss"], several["loss.age.weight"]) == ("age=mse, kind=mae", 0.5)
    assert not {"observer", "threads", "plugins"} & set(facts)


def test_the_first_fact_that_differs_is_found():
    """Also one that the other does not have at all."""
    assert first_difference({"a": 1, "b": 2}, {"a": 1, "b": 2}) is None
    assert first_difference({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "c": 6}) == ("b", 2, 5)
    assert first_difference({"a": 1}, {"a": 1, "model.units": 4}) == ("model.units", None, 4)


class Gathers:
    """A strategy whose other workers have these facts."""

    def __init__(self, *others):
        self.others = others

    def gather(self, value, axis):
        import tensorflow as tf

        rows = [list((json.dumps(row) + "\n").encode()) for row in self.others]
        return tf.concat([*(tf.constant(row, tf.int32) for row in rows), value], axis)


def test_workers_that_disagree_are_both_named():
    """With both values, in whatever order the words come in; where all agree nothing happens."""
    here = Cluster(("worker 0", "worker 1", "worker 2"), ("ada:1", "bob:1", "eve:1"), 0)
    facts = {"epochs": 3, "dataset.path": "ä.csv"}

    agree(here, Gathers([2, facts], [1, facts]), facts)

    said = (
        r"^the workers were not started with the same: dataset.path is 'ä.csv' for worker 0 \(ada:1\) and 'x{55,60}\.\.\. for "
        r"worker 2 \(eve:1\); start each with the same command, files and data$"
    )
    with pytest.raises(ConfigError, match=said):
        agree(here, Gathers([2, facts | {"dataset.path": "x" * 90}], [1, facts]), facts)


def test_the_loss_of_a_worker_is_told_in_a_sentence():
    """With when it was; another error of that type, such as that of a data service, stays what it is."""
    import tensorflow as tf

    collective, other = (tf.errors.UnavailableError(None, None, said) for said in ("Collective ops is aborted by: ...", "gone"))
    with (
        pytest.raises(TrainingError, match=r"^another worker was lost in epoch 2$"),
        telling_of_a_lost_worker(lambda: "in epoch 2"),
    ):
        raise collective
    with pytest.raises(tf.errors.UnavailableError, match="gone"), telling_of_a_lost_worker(lambda: "in epoch 2"):
        raise other
