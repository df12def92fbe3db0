from .api import check, load, open, report, simulate

__version__: str
__all__ = ["__version__", "check", "load", "open", "report", "simulate"]
