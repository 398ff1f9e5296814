"""The package of case studies, installed as a stranger's: its own tests pass, the page of the docs being one of them."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

STUDIES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "eagerloop-studies"
PLAIN = ("-q", "-c", os.devnull, "-p", "no:cacheprovider", "-p", "no:randomly")
"""Its tests know nothing of the settings of this repository."""


@pytest.mark.long
def test_the_studies_pass_their_own_tests(tmp_path):
    """Each of them learns and goes every way, found by the entry point of the installed package alone."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(tmp_path / "site"), str(STUDIES)], check=True, capture_output=True)
    engine = [str(Path(importlib.util.find_spec(name).origin).parents[1]) for name in ("eagerloop", "eagerloop_plugins")]
    path = os.pathsep.join([str(tmp_path / "site"), *engine])
    command = [sys.executable, "-m", "pytest", *PLAIN, "--numprocesses=2", "--durations=5", str(STUDIES / "tests")]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=tmp_path, env=environment, text=True, capture_output=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
