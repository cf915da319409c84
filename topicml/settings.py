"""Objects that are made of plain settings: they print as their call, and JSON can hold them."""

import inspect
from typing import Any


class Settings:
    """Base of objects whose constructor's arguments are kept, under their names, as attributes."""

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        given = [f"{n}={v!r}" for n, v in self.settings().items() if repr(v) != repr(defaults[n].default)]
        return f"{type(self).__name__}({', '.join(given)})"
