"""ferpipe: trains networks that read facial expressions, analyses them, and writes a report that answers to the run."""

__version__ = "0.1.0"
