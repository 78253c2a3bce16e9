"""Fixtures for tests with networks: one precision, one thread."""

import pytest
import torch

from ferpipe.networks import machine


@pytest.fixture(autouse=True)
def float32(monkeypatch):
    """Known answers are float32's on every machine; what bfloat16 does to maps has a test of its own."""
    monkeypatch.setattr(machine, "half", lambda device: False)


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny networks lose more to two threads than they win."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
