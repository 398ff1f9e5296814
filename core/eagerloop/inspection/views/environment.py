"""What eagerloop finds around it, and what of that is a problem. Nothing here fails: a problem is a line.

TensorFlow and Keras are imported inside functions, because importing them may be the very thing that fails.
"""

import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from packaging.requirements import Requirement

from eagerloop.choices.catalog import Broken, Catalog
from eagerloop.process.versions import what_this_machine_gets

PACKAGES = {"eagerloop": "eagerloop", "TensorFlow": "tensorflow", "Keras": "keras", "pluggy": "pluggy", "NumPy": "numpy"}
BACKEND = "KERAS_BACKEND"


@dataclass(frozen=True, repr=False)
class EnvironmentView:
    """The environment as it was found; print it.

    Attributes:
        versions: Of Python and of the packages that matter, by their usual names.
        tensorflow: What TensorFlow says of itself, by topic; empty if it cannot be imported.
        plugins: Every plugin by owner, with the number of its parts.
        broken: The plugins that were left out.
        problems: One sentence each: what is wrong, and what to do.
    """

    versions: dict[str, str]
    tensorflow: dict[str, str]
    plugins: dict[str, int]
    broken: Sequence[Broken]
    problems: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """A line per fact, then a line per problem."""
        plugins = {owner: f"{count} part{'' if count == 1 else 's'}" for owner, count in self.plugins.items()}
        broken = {str(broken.owner): broken.cause for broken in self.broken}
        blocks = [list(_lines(facts)) for facts in (self.versions, self.tensorflow)]
        blocks.append(["plugins found", *(f"  {line}" for line in _lines(plugins or {"none": ""}))])
        blocks.append(["plugins broken", *(f"  {line}" for line in _lines(broken or {"none": ""}))])
        blocks.append([f"PROBLEM: {problem}" for problem in self.problems] or ["no problems found"])
        return "\n\n".join("\n".join(block) for block in blocks if block)


def _lines(facts: dict[str, str]) -> Iterator[str]:
    width = max(map(len, facts), default=0)
    return (f"{name:{width}}  {value}".rstrip() for name, value in facts.items())


def inspect_environment(catalog: Catalog) -> EnvironmentView:
    """Looks at versions, TensorFlow, plugins and the current directory.

    Args:
        catalog: The plugins as they were loaded.

    Returns:
        What was found; print it, or ask for its `problems`.

    Example:
        >>> view = inspect_environment(Catalog())
        >>> view.versions["Python"] == platform.python_version()
        True
    """
    problems: list[str] = []
    versions = {"Python": platform.python_version()}
    versions |= {name: _version(package) or "not installed" for name, package in PACKAGES.items()}
    problems += _version_problems()
    problems += _backend_problems()
    facts = {"this machine gets": what_this_machine_gets(platform.system(), platform.machine(), platform.release())}
    for look in (_tensorflow_facts, _keras_facts):
        problems += _guarded(look, facts)
    problems += _directory_problems()
    problems += [str(broken) for broken in catalog.broken]
    plugins: dict[str, int] = {
        str(owner): 0 for owner in catalog.seconds if owner not in [broken.owner for broken in catalog.broken]
    }
    for entry in catalog.entries:
        plugins[str(entry.owner)] = plugins.get(str(entry.owner), 0) + 1
    return EnvironmentView(versions, facts, plugins, list(catalog.broken), problems)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _version_problems() -> Iterator[str]:
    """Compares what is installed with what eagerloop's own metadata asks for."""
    try:
        lines = metadata.requires("eagerloop") or []
    except metadata.PackageNotFoundError:
        yield "eagerloop is not installed, so its requirements are unknown; run 'pip install eagerloop' here"
        return
    for requirement in map(Requirement, lines):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        version, remedy = _version(requirement.name), f"run 'pip install \"{requirement}\"'"
        if not version:
            yield f"{requirement.name} is not installed, and eagerloop needs {requirement}; {remedy}"
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"{requirement.name} is {version}, and eagerloop needs {requirement}; {remedy}"


def _backend_problems() -> Iterator[str]:
    wanted = os.environ.get(BACKEND, "tensorflow")
    if wanted != "tensorflow":
        yield f"{BACKEND} is '{wanted}', and eagerloop needs the backend 'tensorflow'; unset it, or set {BACKEND}=tensorflow"


def _guarded(look: Callable[[dict[str, str]], Iterator[str]], facts: dict[str, str]) -> Iterator[str]:
    """What a look at a package finds wrong; if the package cannot even be imported, that."""
    try:
        yield from look(facts)
    except Exception as error:  # noqa: BLE001 - whatever it is, the user has to read it
        name = look.__name__.strip("_").removesuffix("_facts")
        cause = (str(error).strip().splitlines() or ["no message"])[0]
        yield f"{name} cannot be imported or asked: {type(error).__name__}: {cause}; install eagerloop in a fresh environment"


def _tensorflow_facts(facts: dict[str, str]) -> Iterator[str]:
    import tensorflow as tf  # noqa: PLC0415 - see the module's docstring

    eager = tf.executing_eagerly()
    threading = tf.config.threading
    facts["eager execution"] = "on" if eager else "off"
    facts["physical devices"] = ", ".join(_short(device) for device in tf.config.list_physical_devices()) or "none"
    facts["logical devices"] = ", ".join(_short(device) for device in tf.config.list_logical_devices()) or "none"
    facts["device policy"] = tf.config.experimental.get_device_policy()
    facts["threads"] = (
        f"{_threads(threading.get_intra_op_parallelism_threads())} inside an operation, "
        f"{_threads(threading.get_inter_op_parallelism_threads())} between them"
    )
    if not eager:
        yield "eager execution is off, and the loop needs it; do not call tf.compat.v1.disable_eager_execution()"


def _keras_facts(facts: dict[str, str]) -> Iterator[str]:
    import keras  # noqa: PLC0415 - see the module's docstring

    facts["Keras backend"] = backend = keras.config.backend()
    if backend != "tensorflow" and BACKEND not in os.environ:
        remedy = f"set {BACKEND}=tensorflow, or mend ~/.keras/keras.json"
        yield f"the Keras backend is '{backend}', and eagerloop needs 'tensorflow'; {remedy}"


def _short(device: Any) -> str:
    """`CPU:0` of `/physical_device:CPU:0` and of `/device:CPU:0`."""
    return str(device.name).partition("device:")[2] or str(device.name)


def _threads(count: int) -> str:
    return str(count) if count else "all cores"


def _directory_problems() -> Iterator[str]:
    """Tries to write: permission bits do not tell everything."""
    try:
        with tempfile.TemporaryFile(dir="."):
            pass
    except OSError as error:
        cause = error.strerror or error
        yield f"the current directory cannot be written ({cause}), and runs go below it; change to another, or use --run"
