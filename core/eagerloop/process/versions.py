"""Which versions the numbers come from, which of them are tested, and what this kind of machine gets."""

import functools
import platform
from importlib import metadata

from packaging.version import Version

TESTED = {"tensorflow": ("2.20", "2.21"), "keras": ("3.13", "3.15")}
"""The oldest and the newest minor version with which the tests of eagerloop run."""

SHOWN = {"tensorflow": "TensorFlow", "keras": "Keras"}


@functools.cache  # read from the metadata of the installed packages, at every save otherwise
def versions() -> dict[str, str]:
    """The versions of everything that has a say in the numbers."""
    found = {name: metadata.version(name) for name in ("eagerloop", "tensorflow", "keras", "numpy")}
    return {"python": platform.python_version()} | found


def untested(found: dict[str, str]) -> str:
    """What is outside of the tested versions, in a sentence; an empty text if nothing is.

    Example:
        >>> untested({"tensorflow": "2.20.0", "keras": "3.15.1"})
        ''
        >>> untested({"tensorflow": "2.22.0", "keras": "3.15.1"})
        'TensorFlow 2.22.0 is not among the versions that eagerloop is tested with (2.20 to 2.21): take no result on trust'
    """
    outside = {name: (low, high) for name, (low, high) in TESTED.items() if not _within(found[name], low, high)}
    told = ", ".join(f"{SHOWN[name]} {found[name]}" for name in outside)
    tested = ", ".join(f"{low} to {high}" for low, high in outside.values())
    verb = "is" if len(outside) == 1 else "are"
    where = f"not among the versions that eagerloop is tested with ({tested})"
    return f"{told} {verb} {where}: take no result on trust" if outside else ""


def _within(version: str, low: str, high: str) -> bool:
    return Version(low).release <= Version(version).release[:2] <= Version(high).release


def what_this_machine_gets(system: str, machine: str, release: str) -> str:
    """What TensorFlow has for a kind of machine, in a line.

    Args:
        system: As `platform.system()` says it.
        machine: As `platform.machine()` does.
        release: As `platform.release()` does.

    Example:
        >>> what_this_machine_gets("Darwin", "arm64", "24.0.0")
        'Apple silicon: the CPU'
    """
    if system == "Windows":
        return "Windows: the CPU. A GPU needs WSL 2: TensorFlow has none on Windows itself"
    if system == "Darwin":
        ended = (
            "Intel Mac: nothing. TensorFlow has made no newer version than 2.16 for it; take a container, or a notebook online"
        )
        return "Apple silicon: the CPU" if machine == "arm64" else ended
    cuda = "an NVIDIA GPU, with pip install 'tensorflow[and-cuda]'"
    if "microsoft" in release.lower():
        return f"WSL 2: the CPU, and {cuda}"
    return f"{system}: the CPU, and {cuda}" if machine in ("x86_64", "AMD64") else f"{system} on {machine}: the CPU"
