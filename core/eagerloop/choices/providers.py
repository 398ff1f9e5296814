"""What one plugin offers: its provider hooks are called, and what they return is looked at, factory by factory."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pluggy

from eagerloop.choices.options import Option, options_of
from eagerloop.errors import EagerloopError, PluginError, did_you_mean
from eagerloop.hooks import GROUP, PROVIDERS, ProviderHooks
from eagerloop.parts import KINDS

HOOKS = dict(zip(KINDS, PROVIDERS.values(), strict=True))
"""The provider hook of each kind."""

NAME = re.compile(r"[A-Za-z0-9_][\w.-]*")
"""What can be typed after `--model` and read back: no blank, and none of `/` and `:`, which separate owner, file and name."""

Offer = tuple[str, str, Callable[..., Any], Mapping[str, Option]]
"""Kind, name, factory, its options."""


def offered(plugin: Any) -> Iterator[Offer]:
    """Everything that a plugin provides.

    Args:
        plugin: A module or another object with functions that are marked with `hookimpl`; a class is made into an object.

    Yields:
        Kind, name, factory and options of each part.

    Raises:
        PluginError: A hook does not exist, takes arguments, raises, or returns something else than `{name: factory}`.
    """
    plugin = plugin() if inspect.isclass(plugin) else plugin
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(ProviderHooks)
    _refuse_unknown_hooks(manager, plugin)
    manager.register(plugin)
    if not manager.get_hookcallers(plugin):
        msg = f"it implements no hook; mark one of {', '.join(PROVIDERS.values())} with @eagerloop.hookimpl"
        raise PluginError(msg)
    for kind, hook in HOOKS.items():
        for factories in _called(manager, hook):
            yield from _factories(kind, hook, factories)


def _refuse_unknown_hooks(manager: pluggy.PluginManager, plugin: Any) -> None:
    """Names the nearest hook for a misspelt one, and the arguments that pluggy would never pass."""
    known = list(PROVIDERS.values())
    for name in dir(plugin):
        if manager.parse_hookimpl_opts(plugin, name) is None:
            continue
        if name not in known:
            msg = f"there is no hook '{name}'; {did_you_mean(name, known)}"
            raise PluginError(msg)
        for parameter in inspect.signature(getattr(plugin, name)).parameters.values():
            msg = f"hook '{name}' has the argument '{parameter}'; {name} takes no arguments"
            raise PluginError(msg)


def _called(manager: pluggy.PluginManager, hook: str) -> list[Any]:
    try:
        return list(getattr(manager.hook, hook)())
    except EagerloopError:
        raise
    except (Exception, SystemExit) as error:
        msg = f"hook '{hook}' raised {type(error).__name__}: {error}"
        raise PluginError(msg) from error


def _factories(kind: str, hook: str, factories: Any) -> Iterator[Offer]:
    if not isinstance(factories, Mapping):
        msg = f"{hook} must return {{name: factory}}, got {type(factories).__name__}"
        raise PluginError(msg)
    seen: set[str] = set()
    for name, factory in factories.items():
        if not isinstance(name, str) or not callable(factory):
            msg = f"{hook} must return {{name: factory}}, got {name!r}: {type(factory).__name__}"
            raise PluginError(msg)
        if not NAME.fullmatch(name):
            msg = f"{hook} offers the name {name!r}, which nobody can type; use letters, digits and hyphens"
            raise PluginError(msg)
        options = options_of(factory, f"{kind} '{name}'")
        if name.replace("_", "-") in seen:
            msg = f"{hook} offers '{name}' twice ('-' and '_' are the same)"
            raise PluginError(msg)
        seen.add(name.replace("_", "-"))
        yield kind, name, factory, options
