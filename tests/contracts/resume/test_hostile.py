"""Runs made by somebody who means harm: refused in one sentence, no code run, nothing outside touched."""

import hashlib
import hmac
import json
import os
import re
import shutil
import tomllib
import warnings
from pathlib import Path

import pytest
import tomli_w

import eagerloop
from eagerloop.choices.settings import settings_of
from eagerloop.errors import CheckpointError, EagerloopError
from eagerloop.running.opening import create
from eagerloop.storage import trust

CODE = '''
from pathlib import Path
Path("ran").touch()

def loss(y_true, y_pred):
    """Mean absolute difference."""
    import tensorflow as tf
    return tf.reduce_mean(tf.abs(y_true - y_pred))
'''


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("trained") / "run"
    return eagerloop.train(directory=directory, epochs=1, observers=["early-stopping"]).directory


@pytest.fixture
def run(trained, tmp_path):
    return Path(shutil.copytree(trained, tmp_path / "run"))


def newest(run):
    return run / "checkpoints" / "step-00000012"


MANIFESTS = {
    "position": [{"epoch": -1, "batch": 0, "step": 12}, {"epoch": "1"}, None, [], {"epoch": 2, "batch": 0, "step": 10**30}],
    "tally": [None, {"steps": "many"}, 3],
    "history": [{}, [{}], [{"epoch": 1, "steps": 12, "loss": "low"}], ["row"]],
    "observers": [[1], {"a": 1}, [["early-stopping"]]],
    "random": [{}, {"python": [3, "00", None], "numpy": []}, None],
    "variables": [[["model"]], None, [["model", [[]], "float32"]]],
    "record": [None, [], {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}}],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in MANIFESTS.items() for value in values])
def test_a_manifest_of_another_form_is_refused(run, rewrite, key, value):
    """Its checksums are right, its content is none that a run writes: no traceback, and the key is named."""
    rewrite(newest(run), **{key: value})
    with pytest.raises(
        CheckpointError, match=rf"manifest\.json is damaged: its '{key}' is missing, or is not what a run writes"
    ):
        eagerloop.load(run)


@pytest.mark.parametrize("position", [625, 10**9, -1, 2.5])
def test_a_generator_cannot_be_made_to_read_past_its_words(run, rewrite, position):
    """NumPy itself takes any position, and reads whatever memory is there."""
    saved = json.loads((newest(run) / "manifest.json").read_text())["random"]
    saved["numpy"][2] = position
    rewrite(newest(run), random=saved)
    with pytest.raises(CheckpointError, match="its 'random' is missing, or is not what a run writes"):
        eagerloop.load(run)


def test_a_state_that_an_observer_cannot_take_up(run, rewrite):
    """The observer is named."""
    rewrite(newest(run), observers=[["early-stopping", {"best": 1.0}]])
    with pytest.raises(CheckpointError, match="observer 'early-stopping' cannot take up its state"):
        eagerloop.load(run)


def edit(run, change):
    path = run / "run.toml"
    content = tomllib.loads(path.read_text())
    change(content)
    path.write_text(tomli_w.dumps(content))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["model"].update(name="../../model.py:model"),
        lambda content: content["checkpointer"].update(name="pickle"),
        lambda content: content.update(files="x"),
        lambda content: content.update(files=["ab"], plugins=["evil.py"]),
        lambda content: content.update(model=3),
        lambda content: content.update(observer=[{"name": "csv", "options": {"path": "../../out.csv"}}]),
        lambda content: content.update(observer=1.5),
        lambda content: content.update(seed=2**40),
        lambda content: content.update(format="1"),
        lambda content: content.update(epochs=-3),
        lambda content: content.update(threads=-1),
    ],
)
@pytest.mark.parametrize("with_checkpoints", [True, False])
def test_a_record_of_another_form_is_refused(run, change, with_checkpoints, tmp_path):
    """With checkpoints or without: an error of eagerloop's own that names the record; nothing is written outside."""
    edit(run, change)
    if not with_checkpoints:
        shutil.rmtree(run / "checkpoints")
        (run / "history.jsonl").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what may be changed is said aloud before what must not be is refused
        with pytest.raises(EagerloopError, match=r"run\.toml"):
            eagerloop.resume(run)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_an_absurd_size_is_refused_before_anything_is_made(run):
    """A thousand billion units, where the checkpoint has 32: no memory is asked for."""
    edit(run, lambda content: content["model"]["options"].update(units=10**12))
    with pytest.raises(CheckpointError, match=r"run\.toml was changed.*model\.options\.units: 32 was saved, 1000000000000 now"):
        eagerloop.resume(run)


def test_an_absurdly_large_record_is_not_read(run):
    """A sparse file of 100 MB."""
    with (run / "run.toml").open("r+b") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(EagerloopError, match=r"run\.toml has 104857600 bytes"):
        eagerloop.load(run)


def test_temporary_files_that_are_links_are_not_written_through(run, tmp_path):
    """A run may hold `.tmp-run.toml` as a link to a file of the user's: a resume must not write there."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    for name in (".tmp-run.toml", ".tmp-history.jsonl"):
        (run / name).symlink_to(precious)
    eagerloop.resume(run, epochs=2)
    assert precious.read_text() == "mine"
    assert not (run / "run.toml").is_symlink()


def test_checkpoints_that_are_a_link_are_refused(run, trained):
    """They may be another run's, and pruning would remove them."""
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").symlink_to(trained / "checkpoints")
    with pytest.raises(CheckpointError, match="is a symbolic link"):
        eagerloop.resume(run, epochs=2)


@pytest.fixture
def run_with_code(tmp_path, monkeypatch):
    """A run whose loss is a file of code, and the key with which it was sealed."""
    (tmp_path / "code.py").write_text(CODE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    forget()
    run = eagerloop.train(directory=tmp_path / "run", loss="code.py:loss", epochs=1).directory
    (tmp_path / "ran").unlink()
    forget()
    return run, trust.key_file()


def forget():
    """As in a new process, the file has not been imported yet."""
    import sys

    for name in [name for name in sys.modules if name.startswith("eagerloop_file_code_")]:
        del sys.modules[name]


def test_code_runs_again_where_it_was_named(run_with_code, tmp_path):
    """For the same user a resume needs no further word."""
    assert eagerloop.resume(run_with_code[0], epochs=2).position.step == 24
    assert (tmp_path / "ran").exists()


def test_a_strangers_code_does_not_run(run_with_code, tmp_path):
    """For another user the file must be named once more; it is named to the user, and not even imported."""
    run, key = run_with_code
    key.write_text("fedcba9876543210" * 4)
    for act in (eagerloop.load, eagerloop.resume):
        with pytest.raises(
            CheckpointError, match=r"names a file of code, code\.py, and was not sealed by you.*--trust code\.py"
        ):
            act(run)
    assert not (tmp_path / "ran").exists()
    assert eagerloop.load(run, trust=["code.py"]).position.step == 12


def test_changed_code_does_not_run(run_with_code, tmp_path):
    """Nor code that is not what it was when the user named it."""
    run, _key = run_with_code
    (tmp_path / "code.py").write_text(CODE + "# changed\n")
    with pytest.raises(
        CheckpointError, match=r"code\.py was changed since .* was made \([0-9a-f]{12} then, [0-9a-f]{12} now\)"
    ):
        eagerloop.load(run)
    assert not (tmp_path / "ran").exists()


def test_a_seal_cannot_be_used_for_other_code(run_with_code, tmp_path):
    """Neither by another file under it, nor by one that is left out of the list."""
    run, _key = run_with_code
    (tmp_path / "evil.py").write_text(CODE)
    record = run / "run.toml"
    whole = record.read_text()
    for text in (
        whole.replace("code.py", "evil.py"),
        re.sub(r"(?s)\[files\].*?\n\n", "", whole),
        re.sub("seal = .*", 'seal = ""', whole),
    ):
        record.write_text(text)
        shutil.rmtree(run / "checkpoints", ignore_errors=True)
        (run / "history.jsonl").unlink(missing_ok=True)
        with pytest.raises(CheckpointError, match="names a file of code"):
            eagerloop.resume(run)
    assert not (tmp_path / "ran").exists()


FORGERIES = [
    ("code.py:loss", "code.py:clean"),
    ("dropout = 0.0", "dropout = 0.5"),
    ('name = "adam"', 'name = "sgd"'),
    ('"progress"', '"csv"'),
]


@pytest.mark.parametrize(("part", "other"), FORGERIES)
def test_a_seal_cannot_be_used_for_other_parts(tmp_path, monkeypatch, part, other):
    """It is of the parts and their options, and not of the files alone: a function called by another name is other code."""
    (tmp_path / "code.py").write_text(CODE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    forget()
    run = create(settings_of({"loss": "code.py:loss", "model": "mlp", "observers": ["progress"]}), tmp_path / "run")
    Path("run", "run.toml").write_text(tomli_w.dumps(run.parts.run_toml))
    (tmp_path / "ran").unlink()
    forget()
    text = Path("run", "run.toml").read_text()
    assert part in text
    Path("run", "run.toml").write_text(text.replace(part, other))
    with pytest.raises(
        CheckpointError, match=r"names a file of code, code\.py, and was not sealed by you.*, as it stands; .*--trust"
    ):
        eagerloop.resume("run")
    assert not (tmp_path / "ran").exists()


def test_a_seal_of_an_earlier_version_is_told(run_with_code, tmp_path):
    """It was of the files alone, so that whoever edits the record could use it. The user looks, and trusts anew."""
    run, key = run_with_code
    content = tomllib.loads((run / "run.toml").read_text())
    message = json.dumps(content["files"], sort_keys=True).encode()
    earlier = hmac.new(key.read_bytes(), message, hashlib.sha256).hexdigest()
    text = (run / "run.toml").read_text()
    (run / "run.toml").write_text(text.replace(content["seal"], earlier))
    shutil.rmtree(run / "checkpoints")
    (run / "history.jsonl").unlink()
    told = (
        r"names a file of code, code\.py, and its seal, which an earlier eagerloop made, does not cover the parts.*--trust code"
    )
    with pytest.raises(CheckpointError, match=told):
        eagerloop.resume(run, epochs=2)
    assert not (tmp_path / "ran").exists()
    assert eagerloop.resume(run, epochs=2, trust=["code.py"]).position.step == 24
    assert eagerloop.load(run).position.step == 24  # it is sealed anew


def test_without_a_key_nothing_is_sealed(run_with_code):
    """Then code is never run without being named; looking at a run makes no key."""
    run, key = run_with_code
    key.unlink()
    with pytest.raises(CheckpointError, match="names a file of code"):
        eagerloop.load(run)
    assert not key.exists()
    key.parent.rmdir()
    key.parent.write_text("no directory can be made here")
    assert trust.seal({"files": {"code.py": "0"}}) == ""


def test_without_a_home_code_is_run_and_not_sealed(tmp_path, monkeypatch):
    """As for a user whom the system does not know. A relative XDG_CONFIG_HOME is none: a stranger's run may bring it."""
    (tmp_path / "code.py").write_text(CODE)
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")
    monkeypatch.setattr(os.path, "expanduser", str)
    forget()
    run = eagerloop.train(directory=tmp_path / "run", loss="code.py:loss", epochs=1).directory
    assert tomllib.loads((run / "run.toml").read_text())["seal"] == ""
    assert not (tmp_path / "config").exists()
    with pytest.raises(CheckpointError, match="names a file of code"):
        eagerloop.load(run)
