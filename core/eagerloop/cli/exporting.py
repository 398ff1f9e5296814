"""The command that writes a run's model for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from eagerloop.cli.using import CheckpointOption, Trust, open_to_predict, tell_what_answers
from eagerloop.errors import ConfigError

MOST = 2
"""A run and a file."""


def export(
    words: Annotated[
        list[Path],
        typer.Argument(
            metavar="[RUN] FILE",
            help="A run's directory, by default the newest below runs/; and what to write: model.keras, model.tflite, "
            "model.onnx, or a name without an ending for a SavedModel.",
        ),
    ],
    *,
    checkpoint: CheckpointOption = None,
    trust: Trust = None,
) -> None:
    """Write a run's model for other programs: Keras, a SavedModel, TFLite, ONNX."""
    from eagerloop.cli.saying import quiet_tensorflow, tell, write_out  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    if len(words) > MOST:
        msg = f"export takes a run and a file, got {len(words)} names: {', '.join(map(str, words))}"
        raise ConfigError(msg)
    run, target = (words[0], words[1]) if len(words) == MOST else (None, words[0])
    RunDirectory.existing(run)
    quiet_tensorflow()
    from eagerloop.afterwards.exporting import export as write  # noqa: PLC0415
    from eagerloop.afterwards.exporting import refuse_target  # noqa: PLC0415

    refuse_target(target)
    loaded = open_to_predict(run, checkpoint=checkpoint, trust=trust)
    tell_what_answers(loaded)
    written = write(loaded, target)
    write_out(f"{written.path}: {written.told}")
    for note in written.notes:
        tell(f"note: {note}")
