"""Inputs that nobody has thought of: a small part of the long search, the same at each run."""

import inputs
import pytest
import words

COUNTS = {"run.toml": 6, "command lines": 30, "CSV files": 25}


@pytest.fixture(scope="module")
def place(tmp_path_factory, module_monkeypatch):
    """A run, and the files that odd words name."""
    directory = tmp_path_factory.mktemp("inputs")
    module_monkeypatch.chdir(directory)
    words.prepare()
    return directory


@pytest.fixture(scope="module")
def module_monkeypatch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.mark.parametrize("kind", [*COUNTS])
def test_any_input_is_answered_with_a_result_or_a_line(kind, place, monkeypatch):
    """Never with a traceback; the smallest input for which that is not so is told."""
    monkeypatch.chdir(place)
    assert inputs.search(kind, COUNTS[kind]) >= COUNTS[kind]


@pytest.mark.long
@pytest.mark.parametrize("kind", [*COUNTS])
def test_more_inputs(kind, place, monkeypatch):
    """Others than those that each run of the tests has."""
    monkeypatch.chdir(place)
    assert inputs.search(kind, 10 * COUNTS[kind], seed=1) >= 10 * COUNTS[kind]


@pytest.mark.long
def test_a_fault_would_be_found(monkeypatch):
    """The smallest one: the search is no matter of form."""

    def attempt(data):
        assert b'"a' not in data

    monkeypatch.setitem(inputs.KINDS, "CSV files", (inputs.tables, attempt))
    with pytest.raises(AssertionError, match='"a') as caught:
        inputs.search("CSV files", 200)
    assert any("every_one(" in note for note in caught.value.__notes__)
