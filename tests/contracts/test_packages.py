"""What is known of the packages that parts come from: a digest in the record, what has changed, an audit."""

import json

import pytest

from eagerloop.choices.packages import audits, digest_of

PLUGIN = """
import socket

import numpy
import eagerloop


def half(*, scale: float = 0.5):
    "Half of the squared error."
    import tensorflow as tf

    return lambda y, answers: scale * tf.reduce_mean((y - answers) ** 2)


@eagerloop.hookimpl
def provide_losses():
    return {"half": half}
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A directory on the path in which a plugin is installed."""
    place = tmp_path / "site"
    info = place / "eagerloop_half-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: eagerloop-half\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[eagerloop]\nmain = half_loss\n")
    (place / "half_loss.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(place)
    return place


BEGIN = "import sys; sys.path.insert(0, sys.argv[1]); import eagerloop, warnings; warnings.simplefilter('always')\n"


@pytest.mark.long
def test_resume_and_verify_say_whose_code_has_changed(site, program):
    """The digest is that of the plugin's files; a changed file is told by the package's name, a strict resume refuses it."""
    done = program(
        f"{BEGIN}print(eagerloop.train(loss='half', epochs=1, directory='mine').parts.run_toml['packages'])", str(site)
    )
    assert "'eagerloop-half': '" in done.stdout, done.stderr
    assert "'eagerloop': '" in done.stdout
    check = "from eagerloop.afterwards.verifying import verify\nprint(verify('mine'))\n"
    assert "the code of" not in program(BEGIN + check, str(site)).stdout

    (site / "half_loss.py").write_text(PLUGIN + "\n# a comment\n")
    done = program(BEGIN + check, str(site))
    assert "the code of eagerloop-half is another than when step-00000012 was written: its bits may differ" in done.stdout
    strict = (
        "try:\n    eagerloop.resume('mine', epochs=2, strict=True)\nexcept eagerloop.errors.CheckpointError as e: print(e)\n"
    )
    again = "eagerloop.resume('mine', epochs=2)"
    done = program(BEGIN + strict + again, str(site))
    assert "not exactly the run that was saved: the code of eagerloop-half has changed: " in done.stdout
    assert "the rest may differ in rounding: the code of eagerloop-half has changed: " in done.stderr


def test_an_audit_tells_imports_hooks_files_and_versions(site):
    """From a process of its own: what this one has imported already is told, too; a broken plugin with its cause."""
    found = {one.distribution: one for one in audits()}
    half = found["eagerloop-half"]

    assert (half.version, half.plugin, half.target, half.fault) == ("1.0", "main", "half_loss", "")
    assert half.hooks == ["provide_losses"]
    assert {"eagerloop", "numpy"} <= set(half.imports)
    assert "tensorflow" not in half.imports
    assert "socket" in half.reaching
    assert (half.places, half.files, half.sha256) == ([str(site / "half_loss.py")], 1, digest_of("eagerloop-half"))
    assert len(found["eagerloop"].hooks) == 9
    assert next(half.as_lines()) == "eagerloop-half 1.0, entry point main = half_loss"

    (site / "half_loss.py").write_text("raise RuntimeError('not today')")
    broken = {one.distribution: one for one in audits()}["eagerloop-half"]
    assert (broken.fault, broken.hooks, broken.imports) == ("RuntimeError: not today", [], [])


def test_the_audit_is_printed_and_given_as_json(site, capsys):
    """`plugins --audit`, a block for each plugin; `--json` for programs."""
    from eagerloop.cli import main

    for words in (["plugins", "--audit"], ["plugins", "--audit", "--json"]):
        with pytest.raises(SystemExit, match=r"^0$"):
            main(words)
        out = capsys.readouterr().out
        if "--json" in words:
            assert {one["distribution"] for one in json.loads(out)} >= {"eagerloop", "eagerloop-half"}
        else:
            assert "  hooks     provide_losses\n" in out
            assert f"  files     1 in {site / 'half_loss.py'}, sha256 " in out
