"""The scripts of the how-to on several machines make a TF_CONFIG that eagerloop reads, from what each system gives them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from eagerloop.distribution.workers.cluster import read_cluster

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "cluster"


@pytest.fixture
def stand_in(monkeypatch):
    """Puts a shell script in place of a program that is not here."""
    directory = Path("bin").absolute()
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")

    def write(name, line):
        (directory / name).write_text(f"#!/bin/sh\n{line}\n")
        (directory / name).chmod(0o755)

    return write


def run(script, *words, **variables):
    """What an example prints and its exit code."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, *words], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert not done.stderr
    return done.returncode, done.stdout


def clusters_in(text):
    """Every TF_CONFIG that was printed, as eagerloop reads it."""
    return [read_cluster({"TF_CONFIG": line}) for line in text.splitlines() if line.startswith("{")]


def test_ssh_starts_a_worker_on_each_host(stand_in):
    """In the same directory, with the same cluster and an index of its own."""
    stand_in("ssh", '[ "$1" = -tt ] && echo "$2" >> hosts && exec sh -c "$3"')

    code, out = run("over_ssh.py", "ada:2222", "bob:2222", "--", "sh", "-c", 'pwd; echo "$TF_CONFIG"')

    assert code == 0
    assert sorted(Path("hosts").read_text().split()) == ["ada", "bob"]
    assert out.splitlines().count(str(Path.cwd())) == 2
    found = sorted(clusters_in(out), key=lambda here: here.place)
    assert [here.place for here in found] == [0, 1]
    assert {here.addresses for here in found} == {("ada:2222", "bob:2222")}


def test_ssh_passes_the_exit_code_of_a_worker_on(stand_in):
    """The largest, so that one that failed is not hidden by one that did not."""
    stand_in("ssh", 'exec sh -c "$3"')
    program = 'case "$TF_CONFIG" in *\'"index": 1\'*) exit 3;; esac'
    assert run("over_ssh.py", "ada:2222", "bob:2222", "--", "sh", "-c", program)[0] == 3


def test_slurm_s_variables_become_a_cluster(stand_in):
    """The nodes in their order, a port by the job's number, the rank as the index; the command takes the script's place."""
    stand_in("scontrol", '[ "$*" = "show hostnames node[07-08]" ] && printf "node07\\nnode08\\n"')
    variables = {"SLURM_STEP_NODELIST": "node[07-08]", "SLURM_JOB_ID": "123456", "SLURM_PROCID": "1"}

    code, out = run("slurm_worker.py", "sh", "-c", 'echo "$TF_CONFIG"; exit 5', **variables)

    assert code == 5
    (here,) = clusters_in(out)
    assert (here.addresses, here.place) == (("node07:23456", "node08:23456"), 1)


@pytest.mark.parametrize(
    ("there", "words"),
    [(False, "train --dataset csv --run run --strategy multi-worker"), (True, "resume run --strategy multi-worker")],
)
def test_a_pod_trains_or_goes_on(stand_in, there, words):
    """The names of the pods are those that the headless service gives them."""
    stand_in("eagerloop", 'echo "$TF_CONFIG"; echo "$*"')
    Path("run").mkdir()
    if there:
        Path("run/run.toml").touch()

    _code, out = run("pod_worker.py", "run", "--dataset", "csv", JOB="several", WORKERS="2", JOB_COMPLETION_INDEX="1")

    (here,) = clusters_in(out)
    assert (here.addresses, here.place) == (("several-0.several:2222", "several-1.several:2222"), 1)
    assert out.splitlines()[1] == words


def test_the_batch_script_trains_once_and_then_resumes(stand_in):
    """A job that is submitted again goes on; before its time is up, Slurm sends the signal on which workers save."""
    stand_in("srun", 'echo "$*"')
    script = EXAMPLES / "job.sbatch"

    def submitted():
        return subprocess.run(["bash", script], capture_output=True, text=True, check=True).stdout

    assert "python slurm_worker.py eagerloop train --dataset csv" in submitted()
    Path("runs/several").mkdir(parents=True)
    Path("runs/several/run.toml").touch()
    assert submitted().endswith("python slurm_worker.py eagerloop resume runs/several --strategy multi-worker\n")
    assert "#SBATCH --signal=TERM@" in script.read_text()


def test_the_manifest_has_as_many_workers_as_it_says():
    """Completions, parallelism and WORKERS are one number; service, subdomain and JOB one name."""
    text = (EXAMPLES / "job.yaml").read_text()
    assert set(re.findall(r'(?:completions|parallelism): (\d+)|WORKERS, value: "(\d+)"', text)) == {("4", ""), ("", "4")}
    assert set(re.findall(r"(?:^  name:|subdomain:|job-name:|JOB, value:) (\w+)", text, re.MULTILINE)) == {"several"}
