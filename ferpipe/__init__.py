"""ferpipe: trains networks that read facial expressions, analyses them, and writes a report that answers to the run."""

__version__ = "0.1.0"

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferpipe.build.report import report

__all__ = ["report"]


def __getattr__(name: str) -> object:
    """Return `report`, which brings torch along only where it is asked for."""
    if name == "report":
        from ferpipe.build.report import report

        return report
    raise AttributeError(f"module 'ferpipe' has no attribute {name!r}")
