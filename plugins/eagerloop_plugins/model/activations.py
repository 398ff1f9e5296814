"""Activation functions by name, checked before a layer is made."""

from eagerloop.errors import ConfigError, did_you_mean


def require_activation(name: str | None, where: str) -> None:
    """Refuses a name that Keras does not know.

    Args:
        name: The name of an activation function, or None for none.
        where: The part that was given the name.

    Raises:
        ConfigError: Keras has no such function.
    """
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras

    known = [key for key in dir(keras.activations) if callable(getattr(keras.activations, key)) and not key.startswith("_")]
    known = [key for key in known if key not in ("get", "serialize", "deserialize")]
    if name is not None and name not in known:
        msg = f"{where} has no activation '{name}'; {did_you_mean(name, known)}"
        raise ConfigError(msg)
