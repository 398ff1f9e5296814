"""Fifteen case studies, each in a module of its own: its data, its model, and its loss or step."""

from eagerloop import hookimpl
from eagerloop_studies import (
    captioning,
    contrastive,
    dcgan,
    distillation,
    fine_tuning,
    forecasting,
    language_model,
    physics,
    pix2pix,
    policy_gradient,
    style_transfer,
    translation,
    two_heads,
    unet,
    vae,
)

STUDIES = {
    "dcgan": dcgan,
    "translation": translation,
    "captioning": captioning,
    "style-transfer": style_transfer,
    "pix2pix": pix2pix,
    "vae": vae,
    "unet": unet,
    "forecasting": forecasting,
    "two-heads": two_heads,
    "language-model": language_model,
    "fine-tuning": fine_tuning,
    "physics": physics,
    "distillation": distillation,
    "contrastive": contrastive,
    "policy-gradient": policy_gradient,
}
"""The modules by the name that their parts have. Each has the factories `dataset` and `model`, and `loss` or `step` or both."""


def _factories(kind):
    return {name: getattr(module, kind) for name, module in STUDIES.items() if hasattr(module, kind)}


@hookimpl
def provide_datasets():
    """What `--dataset` can be called."""
    return _factories("dataset")


@hookimpl
def provide_models():
    """What `--model` can be called."""
    return _factories("model")


@hookimpl
def provide_losses():
    """What `--loss` can be called."""
    return _factories("loss")


@hookimpl
def provide_steps():
    """What `--step` can be called."""
    return _factories("step")
