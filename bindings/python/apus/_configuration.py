"""Objects that are a class name and a configuration: layers, optimizers, losses, initializers, metrics."""

import math

from . import _handles


class Configured:
    """Base of the objects with Keras's names. The constructor's arguments are attributes and make the configuration."""

    _aliases = ()

    @classmethod
    def _parameter_names(cls):
        if cls.__init__ is object.__init__:
            return ()
        code = cls.__init__.__code__
        return code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]

    def get_config(self):
        """The constructor's arguments as a ``dict`` of plain values."""
        return {name: plain(getattr(self, name)) for name in self._parameter_names()}

    @classmethod
    def from_config(cls, config):
        """The object that ``get_config`` described; other entries of Keras's configurations are left out."""
        names = cls._parameter_names()
        return cls(**{name: value for name, value in config.items() if name in names})

    def __repr__(self):
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._parameter_names())
        return f"{type(self).__name__}({values})"


def plain(value):
    """``value`` as JSON can say it; a configured object becomes ``{"class_name": ..., "config": ...}``.

    ValueError for numbers that are not finite, TypeError for what is no parameter.
    """
    if isinstance(value, Configured):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if isinstance(value, type) and issubclass(value, Configured):
        return plain(value())
    if hasattr(value, "activation_name"):
        return value.activation_name
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if not (value is None or isinstance(value, (bool, int, float, str))):
        value = _handles.number(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"a parameter must be finite, got {value}")
    return value


def text(value):
    """``value`` as JSON text for the library."""
    import json

    return json.dumps(plain(value))
