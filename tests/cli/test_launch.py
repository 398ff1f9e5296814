"""`eagerloop launch`: real workers, each a process that trains over loopback with the others."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import eagerloop
from eagerloop.distribution.workers.launching import PROGRAM, free_ports, job_of, log_directory, tf_configs
from eagerloop.distribution.workers.supervising import Processes, last_line

GUIDE = ["--epochs", "10", "--dataset.batch-size", "17", "--model.rate", "0", "--metric", "rmse"]  # 120 = 7 * 17 + 1


@pytest.fixture(scope="module", autouse=True)
def quiet():
    """Processes have a minute in a suite that shares its processors, too."""
    os.environ["EAGERLOOP_WAIT"] = "120"
    yield
    del os.environ["EAGERLOOP_WAIT"]


def start(*words, directory):
    """`eagerloop launch` in a process of its own."""
    command = [*PROGRAM, "launch", "--workers", "2", *map(str, words)]
    return subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.long
def test_the_workers_of_a_launch_that_is_killed_save_and_end(tmp_path):
    """Nobody would stop them else; what they saved goes on."""
    process = start("--", "train", "--epochs", 100_000, "--run", "mine", directory=tmp_path)
    history_file = tmp_path / "mine" / "history.jsonl"
    while not history_file.exists() or not history_file.read_text():
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.communicate()
    assert len(workers) == 2
    deadline = time.monotonic() + 120
    while any(Path(f"/proc/{worker}/exe").exists() for worker in workers):
        assert time.monotonic() < deadline, "the workers are still there"
        time.sleep(0.1)
    log = next((tmp_path / "mine" / "logs").glob("*/worker-0.log")).read_text()
    assert "stopped by SIGTERM after step" in log
    assert len(eagerloop.load(tmp_path / "mine").history) > 0


@pytest.mark.long
def test_a_worker_imports_nothing_from_where_it_is_started(tmp_path):
    """Neither a module that is called like one that eagerloop needs, nor a plugin whose metadata lie there."""
    mark = tmp_path / "ran"
    evil = f"open({str(mark)!r}, 'w').close()"
    for name in ("tomli_w.py", "filelock.py", "evil.py", "sitecustomize.py"):
        (tmp_path / name).write_text(evil)
    metadata = tmp_path / "evil.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[eagerloop]\nx = evil\n")
    command = [*PROGRAM, "train", "--print-config"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "[model]" in said.stdout
    assert (said.stderr, mark.exists()) == ("", False)


def history(run):
    """The rows of a run, without their times."""
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def assert_alike(rows, others):
    """Every figure of two histories is the same but for rounding."""
    assert len(rows) == len(others)
    for row, other in zip(rows, others, strict=True):
        assert row == pytest.approx(other, rel=1e-5)


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """The guide without Dropout on two workers, the last batch of an epoch a single row: exit code, output, errors, run."""
    directory = tmp_path_factory.mktemp("launched")
    process = start("--", "train", *GUIDE, "--run", "guide", directory=directory)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err, directory / "guide"


@pytest.mark.long
def test_a_launch_trains_and_shows_what_the_chief_says(launched):
    """Exit code 0, the chief's lines on the terminal, and a log for each worker in the run."""
    code, out, err, run = launched
    assert (code, err) == (0, "")
    assert re.findall(r"^epoch +(\d+)/10  8 steps", out, re.MULTILINE) == [str(epoch) for epoch in range(1, 11)]
    assert f"done: 10 epochs, 80 steps, kept in {run.name}" in out.splitlines()[-1]
    logs = sorted(run.glob("logs/*/worker-*.log"))
    assert [path.name for path in logs] == ["worker-0.log", "worker-1.log"]
    assert out.endswith(logs[0].read_text())
    assert "epoch" not in logs[1].read_text()


def test_a_launch_says_what_each_of_several_machines_would_run(launched):
    """A line for each, which a shell can read as it stands."""
    lines = [line for line in launched[1].splitlines() if line.startswith("  TF_CONFIG=")]
    words = ["train", *GUIDE, "--run", "guide", "--strategy", "multi-worker"]
    found = [
        subprocess.run(
            ["sh", "-c", line.replace(" eagerloop ", ' sh -c \'echo "$TF_CONFIG"; echo "$@"\' eagerloop ')],
            capture_output=True, text=True, check=True,
        ).stdout.splitlines()
        for line in lines
    ]  # fmt: skip
    assert [json.loads(config)["task"]["index"] for config, _said in found] == [0, 1]
    assert [said.split() for _config, said in found] == [words, words]


def test_two_workers_have_the_history_of_one(launched):
    """Loss, total_loss and metric of each of ten epochs within 1e-5; one row of the last batch goes to one of the workers."""
    options = {"dataset": eagerloop.use("iris", batch_size=17), "model": eagerloop.use("iris", rate=0.0), "metrics": ["rmse"]}
    alone = eagerloop.train(directory="alone", epochs=10, **options)
    assert_alike(history(launched[3]), history(alone.directory))


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """An mlp on a table, two workers, interrupted in its second epoch or later, then resumed: both outcomes, and the run."""
    directory = tmp_path_factory.mktemp("interrupted")
    rows = [f"{i % 7},{i * 0.37:.2f},{(i % 5) * 0.5 + i * 0.01:.2f}\n" for i in range(130)]
    (directory / "table.csv").write_text("a,b,y\n" + "".join(rows))
    words = [
        "--dataset",
        "csv",
        "--dataset.path",
        "table.csv",
        "--dataset.batch-size",
        "9",
        "--dataset.validation-fraction",
        "0.2",
    ]
    process = start("train", *words, "--epochs", "30", "--run", "table", directory=directory)
    deadline, begun = time.monotonic() + 300, directory / "table" / "history.jsonl"
    while not begun.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    first = (*process.communicate(timeout=300), process.returncode)
    assert begun.exists(), first
    done = len(history(directory / "table"))
    process = start("resume", "table", "--epochs", str(done + 2), "-q", directory=directory)
    second = (*process.communicate(timeout=300), process.returncode)
    return first, second, directory / "table"


@pytest.mark.long
def test_an_interrupted_launch_saves_and_says_how_to_go_on(interrupted):
    """130, the line of the launch on stderr, and a checkpoint of the step at which all workers stopped."""
    out, err, code = interrupted[0]
    assert code == 130
    assert re.search(r"stopped by SIGINT after step (\d+)", out)
    reached = int(re.search(r"stopped by SIGINT after step (\d+)", out)[1])
    assert (interrupted[2] / "checkpoints" / f"step-{reached:08}").is_dir()
    line = err.splitlines()[-1]
    assert line.startswith("eagerloop: stopped by SIGINT; logs in table")
    assert line.endswith("; continue with: eagerloop launch --workers 2 -- resume table")


@pytest.mark.long
def test_a_launched_resume_has_the_history_of_a_run_that_was_never_stopped(interrupted):
    """On one worker, without a pause: the same within rounding, validation included."""
    (_out, err, code), run = interrupted[1:]
    assert (code, err) == (0, "")
    options = {"path": str(run.parent / "table.csv"), "batch_size": 9, "validation_fraction": 0.2}
    rows = history(run)
    alone = eagerloop.train(directory="alone", dataset=eagerloop.use("csv", **options), epochs=len(rows))
    assert "val_loss" in rows[0]
    assert_alike(rows, history(alone.directory))


@pytest.mark.long
def test_workers_that_were_started_with_different_commands_are_refused():
    """Each names the option, both values and both workers; the outcome is that of the user's mistake, and nothing was made."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    variables = [{"TF_CONFIG": text} for text in tf_configs(addresses)]
    commands = [[*PROGRAM, "train", "--strategy", "multi-worker", "--optimizer.learning-rate", rate] for rate in ("0.1", "0.2")]
    with Processes(commands, variables, Path("logs")) as started:
        outcome = started.wait(lambda _text: None)
    assert outcome.code == 2
    said = (
        f"the workers were not started with the same: optimizer.learning_rate is 0.1 for worker 0 ({addresses[0]}) and 0.2 for "
        f"worker 1 ({addresses[1]}); start each with the same command, files and data"
    )
    assert [last_line(started.log(number)) for number in range(2)] == [said, said]
    assert not Path("runs").exists()


def test_the_job_of_the_workers():
    """The strategy and the run's directory are added where they are missing, behind what the user wrote."""
    named = ["train", "--run=mine", "--strategy", "multi-worker"]
    assert job_of(["eagerloop", *named]).words == named
    added = job_of(["train", "-q"])
    assert re.fullmatch(r"runs/\d{8}-\d{6}-launched", str(added.run))
    assert added.words == ["train", "-q", "--run", str(added.run), "--strategy", "multi-worker"]
    assert log_directory(added).parent == added.run / "logs"
    Path("mine").mkdir()
    Path("mine/run.toml").touch()
    assert job_of(["resume", "mine", "--epochs", "3"]).words == [
        "resume",
        "mine",
        "--epochs",
        "3",
        "--strategy",
        "multi-worker",
    ]
    Path("mine").rename(Path("runs").mkdir() or "runs/mine")
    assert job_of(["resume", "--epochs", "3"]).words[:2] == ["resume", "runs/mine"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["launch", "tran"], "launch runs 'train' or 'resume', got 'tran'; did you mean 'train'?"),
        (["launch", "eagerloop"], "launch runs 'train' or 'resume', got ''"),
        (["launch", "--workers", "0", "train"], "Invalid value for '--workers': 0 is not in the range"),
        (
            ["launch", "train", "--strategy", "mirrored"],
            "of the strategy 'multi-worker', got --strategy mirrored; leave it out",
        ),
        (["launch", "resume", "nowhere"], "nowhere is no run: it does not exist"),
        (["launch", "resume", "-q"], "there is no run below runs/"),
        (["launch"], "Missing argument"),
        (["train", "--strategy", "multi-worker"], "TF_CONFIG who takes part, and it is not set"),
    ],
)
def test_what_cannot_be_launched_is_refused(refused, words, said):
    """One line, exit code 2, nothing made."""
    assert said in refused(*words)


def test_a_run_that_is_there_is_not_launched_over(refused, done):
    """The line has the command that continues it; the word that replaces it is passed on."""
    Path("mine").mkdir()
    Path("mine/run.toml").touch()
    assert "mine holds a run already; continue it with 'eagerloop resume mine'" in refused("launch", "train", "--run", "mine")
    printed = done("launch", "--print", "train", "--run", "mine", "--overwrite")
    assert all("--overwrite" in line for line in printed.splitlines())


def test_logs_are_not_written_through_a_link(refused):
    """A run that came from elsewhere may hold one; nothing is written where it leads."""
    Path("mine").mkdir()
    Path("mine/run.toml").touch()
    Path("elsewhere").mkdir()
    Path("mine/logs").symlink_to(Path("elsewhere").absolute())
    assert "mine/logs is a symbolic link; remove it, or name a directory" in refused("launch", "resume", "mine")


def test_a_slip_in_the_workers_command_is_told_with_their_exit_code(cli):
    """What the worker said, and where its log is; there is nothing to continue."""
    found = cli("launch", "--log-directory", "here", "--", "train", "--epochs", "0", "--run", "mine")
    assert found.code == 2
    words = r"worker [01] ended with exit code 2; its last line: .*'epochs' must be .*, got 0; all are stopped, logs in here"
    assert re.fullmatch(f"eagerloop: {words}\n", found.err)
    assert sorted(path.name for path in Path("here").iterdir()) == ["worker-0.log", "worker-1.log"]
    assert not Path("mine").exists()


def test_the_lines_for_machines_alone(done):
    """`--print` starts nothing."""
    lines = done("launch", "--workers", "3", "--print", "train", "--run", "mine").splitlines()
    assert len(lines) == 3
    assert '"task": {"type": "worker", "index": 2}}\' eagerloop train --run mine --strategy multi-worker' in lines[2]
    assert not Path("mine").exists()


def test_a_launch_imports_no_tensorflow():
    """The parent of the workers is a light one."""
    code = (
        "import sys; import eagerloop.cli.launching; from eagerloop.distribution.workers import cluster, launching, meeting; "
        "print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
