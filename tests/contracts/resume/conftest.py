"""What the tests of saving share. The long proofs stand in `tests/proofs/`; these tests run a part of them."""

import hashlib
import json

import pytest


@pytest.fixture
def rewrite():
    """Changes entries of a checkpoint's manifest as somebody would who knows how its checksums are made."""

    def change(directory, **changes):
        path = directory / "manifest.json"
        content = json.loads(path.read_text()) | changes
        for name in content["files"]:
            data = (directory / name).read_bytes()
            content["files"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        content.pop("sha256")
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        path.write_text(json.dumps(content | {"sha256": hashlib.sha256(text.encode()).hexdigest()}))

    return change
