"""`eagerloop check`: the contract suite for somebody without pytest, and for graders.

`--json` prints one object, whose format does not change without a new number:

    {"format": 1, "parts": [
        {"kind": "loss", "name": "pinball", "owner": "my_losses.py 1a2b3c4d5e6f",
         "checks": [{"name": "loss-scalar", "status": "ok", "message": "", "why": "...", "fix": "...", "weight": 2}, ...],
         "points": 19, "of": 21}, ...]}

`status` is `ok`, `failed` or `skipped`. `points` is the sum of the weights of the checks that are ok, `of` the sum of all.
A check that does not apply to a part weighs 0; one that is excused, or could not be run, keeps its weight: a grader may look at
its message and forgive it. The exit code is 1 where a check has failed, 2 where the words are wrong, else 0.
"""

import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eagerloop.errors import ConfigError, EagerloopError, did_you_mean

if TYPE_CHECKING:
    from eagerloop.testing import Result
    from eagerloop.testing.targets import Target

FORMAT = 1
"""The number of the JSON format."""


def check(
    what: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE|DISTRIBUTION", help="A part's name or KIND/NAME, file.py, file.py:NAME, or a package."
        ),
    ],
    *,
    kind: Annotated[str | None, typer.Option("--kind", help="Only parts of this kind.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="A value for an option of the part, repeatable.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="NAME", help="Data to try the part on, in place of small samples.")
    ] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option("--plugin", metavar="FILE", help="A Python file with hook implementations.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for graders.")] = False,
) -> None:
    """Check that parts do what eagerloop asks of them. This runs their code."""
    from eagerloop.cli.saying import quiet_tensorflow, write_out  # noqa: PLC0415
    from eagerloop.testing.targets import find  # noqa: PLC0415

    with contextlib.redirect_stdout(sys.stderr):  # whatever a part prints must not stand between the findings
        quiet_tensorflow()
        targets = find(what, kind, plugin or ())
        _give_options(targets, option or [])
        _refuse_lacking(targets)
        data = _dataset(dataset, plugin or ())
    if not as_json:
        write_out(f"checking {what}: this runs its code")
    rows = []
    for target in targets:
        with contextlib.redirect_stdout(sys.stderr):
            results = target.check(data)
        rows.append(_row(target, results))
        if not as_json:
            write_out("\n".join(_lines(target, results)))
    if as_json:
        typer.echo(json.dumps({"format": FORMAT, "parts": rows}, indent=1))
    if any(one["status"] == "failed" for row in rows for one in row["checks"]):
        raise typer.Exit(1)


def _give_options(targets: "list[Target]", words: list[str]) -> None:
    """`NAME=VALUE` for those of the parts that have the option."""
    from eagerloop.choices.options import options_of  # noqa: PLC0415
    from eagerloop.choices.sources import as_factory  # noqa: PLC0415
    from eagerloop.testing.asked.factories import from_text  # noqa: PLC0415

    for word in words:
        name, equals, value = word.partition("=")
        name = name.replace("-", "_")
        known: list[str] = []
        given = False
        for target in targets:
            options = options_of(as_factory(target.kind, target.factory)) if target.factory else {}
            known += options
            if name in options and equals:
                try:
                    target.options = {**target.options, name: from_text(options[name], value)}
                except ValueError as error:
                    msg = f"option '{name}' must be {options[name].type_name}, got {value!r}"
                    raise ConfigError(msg) from error
                given = True
        if not given:
            msg = f"--option wants NAME=VALUE with an option of the part, got '{word}'; {did_you_mean(name, known)}"
            raise ConfigError(msg)


def _refuse_lacking(targets: "list[Target]") -> None:
    """A part that is asked for alone must be checked as a whole, and not only as far as it goes without its options."""
    from eagerloop.choices.options import REQUIRED, options_of  # noqa: PLC0415
    from eagerloop.choices.sources import as_factory  # noqa: PLC0415

    if len(targets) != 1 or targets[0].factory is None:
        return
    try:
        options = options_of(as_factory(targets[0].kind, targets[0].factory))
    except EagerloopError:
        return  # one of the checks tells it
    for name, one in options.items():
        if one.default is REQUIRED and name not in targets[0].options:
            words = f"{targets[0].kind} '{targets[0].name}' needs the option {one.flag} ({one.type_name})"
            msg = f"{words}; add --option {one.flag}=VALUE"
            raise ConfigError(msg)


def _dataset(name: str | None, files: list[Path] | tuple[()]) -> Any:
    if name is None:
        return None
    from eagerloop.choices.catalog import Catalog  # noqa: PLC0415
    from eagerloop.testing.checks import Lacking, Subject  # noqa: PLC0415

    entry = Catalog.load(files).find("dataset", name)
    try:
        return Subject("dataset", entry.factory).make()
    except Lacking as error:
        msg = f"dataset '{name}' cannot be made without options; take another one to check with"
        raise ConfigError(msg) from error


def _row(target: "Target", results: "list[Result]") -> dict[str, Any]:
    return {
        "kind": target.kind,
        "name": target.name,
        "owner": target.owner,
        "checks": [asdict(result) for result in results],
        "points": sum(result.weight for result in results if result.status == "ok"),
        "of": sum(result.weight for result in results),
    }


def _lines(target: "Target", results: "list[Result]") -> list[str]:
    """A line for each check; of one that failed, why it matters and what to do."""
    lines = [f"{target.kind} {target.name} ({target.owner})"]
    for result in results:
        word = "FAILED" if result.status == "failed" else result.status
        lines.append(f"  {word:8} {result.name}{f': {result.message}' if result.message else ''}")
        if result.status == "failed":
            lines += [f"             why it matters: {result.why}", f"             what to do: {result.fix}"]
    counts = {word: sum(one.status == word for one in results) for word in ("ok", "failed", "skipped")}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return [*lines, f"  {len(results)} checks: {told}"]
