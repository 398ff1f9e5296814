"""Relative paths in a config are the config's: what lies beside it is meant, wherever the command is typed.

A record of a run names what lay where the run was trained. So what is not beside a config is looked for here.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from eagerloop.choices.chosen import choices_in
from eagerloop.choices.options import Option
from eagerloop.choices.settings import Settings
from eagerloop.choices.sources import is_file_part
from eagerloop.cli.flags import NOT_GIVEN, is_path
from eagerloop.errors import DataError
from eagerloop.parts import KINDS, Choice


class Beside:
    """Finds what a config names.

    Args:
        config: The config file; empty if there is none.
    """

    def __init__(self, config: str) -> None:
        self._config = config
        self._directory = Path(config).parent
        self._missing: dict[str, Path] = {}

    def files(self, settings: Settings) -> Settings:
        """The settings of the config, its plugin files and files of parts as they are found.

        Args:
            settings: What the config says; changed.
        """
        settings.plugins = [self._found(file) for file in settings.plugins]
        for kind in KINDS:
            chosen = getattr(settings, kind)
            found = [self._part(choice) for choice in choices_in(chosen)]
            setattr(settings, kind, found[0] if isinstance(chosen, Choice) else found if chosen else chosen)
        return settings

    def path(self, option: Option, given: Mapping[str, Any]) -> Any:
        """The path that an option of a part has, if the config names one that lies beside it; else `NOT_GIVEN`.

        Args:
            option: The option.
            given: What the config says of the part, by option.
        """
        named = next((value for name, value in given.items() if name.replace("-", "_") == option.name), None)
        if not is_path(option) or not isinstance(named, str | Path) or not str(named):
            return NOT_GIVEN
        found = self._found(str(named))
        if found == str(named) and self._is_elsewhere(named) and not Path(named).exists():
            self._missing[str(named)] = self._directory / named
        return NOT_GIVEN if found == str(named) else Path(found)

    @contextlib.contextmanager
    def both_told(self) -> Iterator[None]:
        """Has an error about a file that is neither beside the config nor here name both places.

        Raises:
            DataError: With both.
        """
        try:
            yield
        except DataError as error:
            missing = [str(path) for named, path in self._missing.items() if named in str(error)]
            if not missing:
                raise
            msg = f"{error}; nor is there {' or '.join(missing)}, beside the config {self._config}"
            raise DataError(msg) from error

    def _part(self, choice: Choice) -> Choice:
        if not isinstance(choice.part, str) or not is_file_part(choice.part):
            return choice
        file, _, name = choice.part.rpartition(":")
        return replace(choice, part=f"{self._found(file)}:{name}")

    def _found(self, path: str) -> str:
        beside = self._directory / path
        return str(beside) if self._is_elsewhere(path) and beside.exists() else path

    def _is_elsewhere(self, path: str | Path) -> bool:
        """Whether a path beside the config is another one than here."""
        return bool(self._config) and not Path(path).is_absolute() and self._directory.resolve() != Path.cwd()
