"""Known answers are float32's."""

from precision import float32, one_thread  # noqa: F401 (fixtures)
