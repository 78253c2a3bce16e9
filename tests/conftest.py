import os

import pytest

# tests run side by side on two cores: each uses one thread, and so do the builds that they start
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # as build.py does, but before torch is loaded here too

LONG = (
    "test_end_to_end.py", "test_browser.py", "test_every_analysis.py", "test_faults.py", "test_loop.py",
    "test_hostile.py", "test_serve.py", "test_ranks.py",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    """Start the longest files first, so that no worker is left alone with one of them at the end."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(scope="session")
def resnet18():
    """Return torchvision's own; to import it loads a compiler, for three seconds."""
    from torchvision.models import resnet18

    return resnet18
