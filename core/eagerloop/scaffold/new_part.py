"""`eagerloop new`: a working part with its tests, in a file of its own or in a package, to be changed into what one wants.

The texts are in `templates/`: `part/KIND.txt` and `test/KIND.txt`, and in `package/` what a package has besides. What they make
passes `eagerloop check` and its own tests as it stands.
"""

import importlib.util
import io
import keyword
import re
import shutil
import sys
import time
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from string import Template

from eagerloop.choices.catalog import BUILT_IN, Catalog
from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.parts import KINDS

NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
LONGEST = 30
"""How many letters a name may have: it becomes a part of file names, and of lines that are to stay short."""

FLAGS = {kind: "--observe" if kind == "observer" else f"--{kind}" for kind in KINDS}
PACKAGE_FILES = {
    "pyproject.toml": "pyproject", "README.md": "readme", "LICENSE": "license", ".gitignore": "gitignore",
    ".github/workflows/test.yml": "workflow",
}  # fmt: skip


@dataclass(frozen=True)
class New:
    """What was made.

    Attributes:
        files: Their paths, as they were written.
        commands: What to type next, one after another, in the directory in which `eagerloop new` was called.
    """

    files: tuple[Path, ...]
    commands: tuple[str, ...]


def make(kind: str, name: str, *, package: bool = False, directory: Path | None = None) -> New:
    """Makes a part of a kind, with its tests.

    Args:
        kind: One of `eagerloop.parts.KINDS`.
        name: What the user will type, in letters, digits and hyphens: `my-loss` becomes the function `my_loss`.
        package: Whether to make a package `eagerloop-NAME` around it.
        directory: Where; by default here. It is made if it is not there.

    Returns:
        The files, and the commands to go on with.

    Raises:
        ConfigError: There is no such kind, the name cannot be used, or a file is there already. Nothing is written then.
    """
    if kind not in KINDS:
        msg = f"there is no kind '{kind}'; {did_you_mean(kind, KINDS)}"
        raise ConfigError(msg)
    words = _words(kind, name, package=package)
    _refuse_taken_name(kind, words, package=package)
    place = directory or Path()
    texts = _package_texts(kind, words) if package else _file_texts(kind, words)
    files = _write({place / path: text for path, text in texts.items()})
    return New(files, tuple(_package_commands(words, place) if package else _file_commands(words, place)))


def _words(kind: str, name: str, *, package: bool) -> dict[str, str]:
    """What stands in the templates in place of `$name` and the like."""
    if not NAME.fullmatch(name):
        hyphens = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
        better = re.sub(r"[^a-z0-9]+", "-", hyphens).strip("-0123456789")
        hint = f"; how about '{better}'?" if NAME.fullmatch(better) and len(better) > 1 else ""
        msg = f"a name has small letters, digits and hyphens and begins with a letter, got '{name}'{hint}"
        raise ConfigError(msg)
    name = name.replace("_", "-")
    part = name.replace("-", "_")
    distribution = f"{BUILT_IN}-{name}"
    version = ".".join(metadata.version(BUILT_IN).split(".")[:2])
    return {
        "kind": kind,
        "a_kind": f"{'An' if kind[0] in 'aeiou' else 'A'} {kind}",
        "name": name,
        "part": part,
        "class_name": "".join(word.capitalize() for word in name.split("-")),
        "package": distribution.replace("-", "_") if package else part,
        "distribution": distribution,
        "flag": FLAGS[kind],
        "argument": f'{kind}="{name}"' if kind not in ("metric", "observer") else f'{kind}s=["{name}"]',
        "year": str(time.gmtime().tm_year),
        "version": version,
    }


def _refuse_taken_name(kind: str, words: Mapping[str, str], *, package: bool) -> None:
    """Names that would mean something else: to Python, to pytest, to eagerloop, or in the file itself."""
    part, package_name = words["part"], words["package"]
    neutral = {**words, "part": "x", "class_name": "X", "package": "x"}
    used = _names_in(_filled(f"part/{kind}", neutral) + _filled(f"test/{kind}", neutral))
    built_in = {entry.name.replace("_", "-") for entry in Catalog.load().of_kind(kind) if entry.owner.distribution == BUILT_IN}
    causes = {
        f"it has more than {LONGEST} letters": len(part) > LONGEST,
        "it is a keyword of Python": keyword.iskeyword(part),
        "pytest would take it for a test": part.split("_")[0] == "test",
        f"a package gets '{BUILT_IN}-' put in front of its name by itself": part.split("_")[0] == BUILT_IN,
        f"{package_name}.py would hide the module {package_name} from all that import it": not package
        and _is_module(package_name),
        f"the package {package_name} is part of eagerloop": package_name == "eagerloop_plugins",
        "the file itself uses it for something else": part in used,
        f"a built-in {kind} has it, and a bare built-in name always means the built-in": words["name"] in built_in,
    }
    for cause, holds in causes.items():
        if holds:
            msg = f"the name '{words['name']}' cannot be used: {cause}; choose another one"
            raise ConfigError(msg)


def _is_module(name: str) -> bool:
    """Whether `import name` finds something that does not lie here: a file that is here is told as taken."""
    spec = importlib.util.find_spec(name)
    elsewhere = spec is not None and spec.origin is not None and Path(spec.origin).resolve().parent != Path.cwd()
    return name in sys.stdlib_module_names or elsewhere


def _names_in(source: str) -> set[str]:
    """Every word of a program that is not in a text or comment."""
    return {token.string for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.NAME}


def _template(name: str) -> str:
    return resources.files("eagerloop.scaffold").joinpath(f"templates/{name}.txt").read_text(encoding="utf-8")


def _filled(name: str, words: Mapping[str, str]) -> str:
    return Template(_template(name)).substitute(words)


def _file_texts(kind: str, words: Mapping[str, str]) -> dict[str, str]:
    part = words["part"]
    return {f"{part}.py": _filled(f"part/{kind}", words), f"test_{part}.py": _filled(f"test/{kind}", words)}


def _package_texts(kind: str, words: Mapping[str, str]) -> dict[str, str]:
    root = words["distribution"]
    texts = {path: _filled(f"package/{template}", words) for path, template in PACKAGE_FILES.items()}
    texts[f"src/{words['package']}/__init__.py"] = _filled(f"part/{kind}", words)
    texts[f"tests/test_{words['part']}.py"] = _filled(f"test/{kind}", words)
    return {f"{root}/{path}": text for path, text in texts.items()}


def _write(texts: Mapping[Path, str]) -> tuple[Path, ...]:
    """All of the files, or none of them if one is there already.

    Raises:
        ConfigError: A file is there already, or cannot be written.
    """
    taken = next((path for path in texts if path.exists() or path.is_symlink()), None)
    if taken is not None:
        msg = f"{taken} is there already, and nothing was written; choose another name or another --directory"
        raise ConfigError(msg)
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            msg = f"{path} cannot be written: {error.strerror or error}; choose another --directory"
            raise ConfigError(msg) from error
    return tuple(texts)


def _file_commands(words: Mapping[str, str], place: Path) -> list[str]:
    file, tests = _quoted(place / f"{words['part']}.py"), _quoted(place / f"test_{words['part']}.py")
    eagerloop, python = _program("eagerloop"), _program("python")
    pytest = [] if importlib.util.find_spec("pytest") else [f"{python} -m pip install pytest"]
    train = f"{eagerloop} train --plugin {file} {words['flag']} {words['name']}"
    return [f"{eagerloop} check {file}", *pytest, f"{python} -m pytest {tests}", train]


def _package_commands(words: Mapping[str, str], place: Path) -> list[str]:
    eagerloop, python, name = _program("eagerloop"), _program("python"), words["distribution"]
    train = f"{eagerloop} train {words['flag']} {words['name']}"
    return [
        f"cd {_quoted(place / name)}",
        f'{python} -m pip install -e ".[test]"',
        f"{eagerloop} check {name}",
        f"{python} -m pytest",
        train,
        f"{python} -m pip wheel --no-deps --wheel-dir dist .",
        f"{python} -m pip install --force-reinstall --no-deps dist/{words['package']}-0.1.0-py3-none-any.whl",
        train,
    ]


def _program(name: str) -> str:
    """How to call a program that lives beside this Python: by its bare name, if that is the one which the shell would find."""
    own = Path(sys.executable).with_name(name)
    path = shutil.which(name)
    if (path and Path(path).parent == own.parent) or not own.exists():
        return name
    return _quoted(own)


def _quoted(path: Path) -> str:
    text = str(path)
    return text if re.fullmatch(r"[\w./:\\~+-]+", text) else f'"{text}"'
