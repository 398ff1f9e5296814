"""What a check is, what comes out of it, and the part that it looks at."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from eagerloop.choices.options import REQUIRED, options_of, reserved, resolve
from eagerloop.choices.settings import Settings
from eagerloop.errors import EagerloopError

Status = Literal["ok", "failed", "skipped"]


class Fault(Exception):  # noqa: N818 - it is the part's fault, and no error of the suite
    """Raised by a check: what is wrong with the part, in one sentence."""


class NotApplicable(Exception):  # noqa: N818 - likewise
    """Raised by a check: why it has nothing to say about this part."""


class Lacking(Exception):  # noqa: N818 - likewise
    """The part cannot be made, because an option without a default was not given."""


@dataclass(frozen=True)
class Result:
    """What one check found.

    Attributes:
        name: The check's stable name.
        status: `ok`, `failed`, or `skipped`: it does not apply, is excused, or could not be run.
        message: What is wrong, or why it was skipped; empty where all is well.
        why: Why it matters.
        fix: What to do.
        weight: What the check is worth to a grader; 0 where it does not apply.
    """

    name: str
    status: Status
    message: str
    why: str
    fix: str
    weight: int


@dataclass
class Subject:
    """A part under examination.

    Attributes:
        kind: One of `eagerloop.parts.KINDS`.
        factory: What makes the part.
        options: Values for the factory's options; the others keep their defaults.
        trial: The data that the part is tried on, with `dataset` for factories that want one.
    """

    kind: str
    factory: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    trial: Any = None

    @property
    def where(self) -> str:
        """The part in words."""
        return f"this {self.kind}"

    def make(self, seed: int = 0, **options: Any) -> Any:
        """The part, made as a run makes it: seeds first, then the factory with checked options.

        Raises:
            Lacking: An option has no default, and no value was given.
        """
        import keras  # noqa: PLC0415 - the names of the checks are listed without it

        from eagerloop.process.numerics import configure_tensorflow  # noqa: PLC0415

        chosen, known = {**self.options, **options}, options_of(self.factory, self.where)
        lacking = [
            option.flag
            for name, option in known.items()
            if option.default is REQUIRED and name not in {key.replace("-", "_") for key in chosen}
        ]
        if lacking:
            msg = f"the part needs the option {', '.join(lacking)}; give it with --option {lacking[0]}=VALUE"
            raise Lacking(msg)
        values = resolve(known, chosen, self.where)
        offered = {"seed": seed, "dataset": getattr(self.trial, "dataset", None), "answer_meaning": "logits"}
        configure_tensorflow(Settings())
        if "model" in reserved(self.factory):
            offered["model"] = small_model()
        keras.utils.set_random_seed(seed)
        return self.factory(**values, **{name: offered[name] for name in reserved(self.factory)})


def small_model() -> Any:
    """A built model, (n, 3) to (n, 1), for factories that ask for the run's."""
    import keras  # noqa: PLC0415

    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])


@dataclass(frozen=True)
class Check:
    """One thing that is asked of a part.

    Attributes:
        name: Stable: exceptions and graders refer to it.
        kinds: The kinds of part that it is asked of.
        why: Why it matters.
        fix: What to do where it fails.
        look: Raises `Fault` or `NotApplicable`; anything else that it raises is a failure, too.
        weight: What it is worth to a grader.
        needs: Checks that must be ok before this one says anything.
    """

    name: str
    kinds: tuple[str, ...]
    why: str
    fix: str
    look: Callable[[Subject], None]
    weight: int = 1
    needs: tuple[str, ...] = ()

    def run(self, subject: Subject, before: Mapping[str, Result], exceptions: Mapping[str, str]) -> Result:
        """Looks at the part.

        Args:
            subject: The part.
            before: What the checks before this one found, by name.
            exceptions: Reasons by the names of the checks that are excused.

        Returns:
            The finding; nothing is raised.
        """
        found = [before[name] for name in self.needs if name in before]
        blocked = [one.name for one in found if one.status == "failed" or (one.status == "skipped" and one.weight)]
        if blocked:
            return self._result("skipped", f"not run, because {blocked[0]} is not ok")
        try:
            self.look(subject)
        except NotApplicable as reason:
            return self._result("skipped", str(reason), weight=0)
        except Lacking as reason:
            return self._result("skipped", str(reason))
        except Exception as error:  # noqa: BLE001 - a part is anybody's code
            message = one_line(error) if isinstance(error, Fault) else told(error)
            if self.name in exceptions:
                return self._result("skipped", f"excused: {exceptions[self.name]} ({message})")
            return self._result("failed", message)
        return self._result("ok", "")

    def _result(self, status: Status, message: str, weight: int | None = None) -> Result:
        return Result(self.name, status, message, self.why, self.fix, self.weight if weight is None else weight)


def contract(
    name: str, *kinds: str, why: str, fix: str, weight: int = 1, needs: tuple[str, ...] = ("made",)
) -> Callable[[Callable[[Subject], None]], Check]:
    """Turns a function of a subject into a check; see `Check` for the arguments."""

    def made(look: Callable[[Subject], None]) -> Check:
        return Check(name, kinds, why, fix, look, weight, needs)

    return made


def require(condition: object, message: str) -> None:
    """Raises `Fault` with the message unless the condition holds."""
    if not condition:
        raise Fault(message)


def one_line(error: BaseException, longest: int = 300) -> str:
    """An error's message, without line breaks, not too long."""
    text = " ".join(str(error).split())
    return text if len(text) <= longest else f"{text[:longest]} ..."


def told(error: BaseException) -> str:
    """An error that a part raised: its class, its message, and the line of the part's own code."""
    if isinstance(error, EagerloopError):
        return one_line(error)
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not any(place in frame.filename for place in ("site-packages", "dist-packages", "eagerloop/testing", "<frozen"))
    ]
    where = f" in {own[-1].filename.rsplit('/', 1)[-1]}, line {own[-1].lineno}" if own else ""
    return f"it raised {type(error).__name__}{where}: {one_line(error)}"
