import os

# tests run side by side on two cores: each uses one thread, and so do the builds that they start
os.environ.setdefault("OMP_NUM_THREADS", "1")

LONG = ("test_end_to_end.py", "test_ranks.py")


def pytest_collection_modifyitems(items):
    """Start the files that build first, so that no worker is left alone with them at the end."""
    items.sort(key=lambda item: item.path.name not in LONG)
