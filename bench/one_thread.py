"""Keeps NumPy's libraries to one thread. Import it before NumPy is loaded: they read this once."""

import os

for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[pool] = "1"
