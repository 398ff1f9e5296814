"""One part of each kind for eagerloop, each in a file of its own."""

from eagerloop import hookimpl
from eagerloop_example.json_checkpointer import json
from eagerloop_example.pinball_loss import pinball
from eagerloop_example.polynomial_model import polynomial
from eagerloop_example.signum_optimizer import signum
from eagerloop_example.wave_dataset import wave


@hookimpl
def provide_datasets():
    """What `--dataset` can be called."""
    return {"wave": wave}


@hookimpl
def provide_models():
    """What `--model` can be called."""
    return {"polynomial": polynomial}


@hookimpl
def provide_losses():
    """What `--loss` can be called."""
    return {"pinball": pinball}


@hookimpl
def provide_optimizers():
    """What `--optimizer` can be called."""
    return {"signum": signum}


@hookimpl
def provide_checkpointers():
    """What `--checkpointer` can be called."""
    return {"json": json}
