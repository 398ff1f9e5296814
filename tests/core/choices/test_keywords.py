"""The keywords of `train`, as an editor and a notebook complete them."""

import inspect
from dataclasses import fields

import pytest

import eagerloop
from eagerloop.choices.keywords import Keywords
from eagerloop.choices.settings import KEYWORDS, Settings, keyword_of
from eagerloop.data.beside import BESIDE
from eagerloop.errors import ConfigError


def test_every_setting_is_a_keyword_of_train():
    """What `Settings` has, and what stands beside a dataset: none is missing, none is there that `train` would refuse."""
    kinds = set(KEYWORDS.values())
    settings = {keyword_of(item.name) if item.name in kinds else item.name for item in fields(Settings)}
    assert set(Keywords.__annotations__) == settings | set(BESIDE)


def test_a_notebook_completes_them_with_their_defaults():
    """The signature has each by name and no `**keywords`; what is misspelt is refused as before."""
    parameters = inspect.signature(eagerloop.train).parameters
    assert set(parameters) == {*Keywords.__annotations__, "directory", "overwrite", "progress"}
    assert {one.kind for one in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert (parameters["epochs"].default, parameters["on_nonfinite"].default, parameters["model"].default) == (10, "stop", None)
    with pytest.raises(ConfigError, match=r"^there is no keyword 'epoch';"):
        eagerloop.train(epoch=3)
