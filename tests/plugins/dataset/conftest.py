"""What the tests of datasets share."""

import pytest


@pytest.fixture
def write(tmp_path):
    """Writes text to a file and gives its path."""

    def write_file(text, name="data.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file
