"""vesica simulates, measures and explains cell communication by exosomes.

``load``, ``check``, ``simulate``, ``open`` and ``report`` are all there is to know; each
is loaded when first used, so that ``import vesica`` stays light.
"""

import sys
import types
from pathlib import Path

import lazy_loader

from vesica import _cache
from vesica._version import __version__ as __version__

_cache.configure()  # before anything imports numba

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]


class _CallableRoom(types.ModuleType):
    """The room ``vesica.report``, which Python binds over the function of the same name."""

    def __call__(self, folder: str | Path) -> Path:
        from vesica.api import report

        return report(folder)


class _Package(types.ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        if name == "report" and isinstance(value, types.ModuleType):
            value.__class__ = _CallableRoom
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
