import os

# tests run side by side on two cores: each uses one thread, and so do the builds that they start
os.environ.setdefault("OMP_NUM_THREADS", "1")
