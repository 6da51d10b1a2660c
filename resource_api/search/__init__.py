"""WHAT FITS: near, open, eligible; ranked, with a reason for each hit."""

import os

# numpy would start a thread for each core to multiply matrices, of which there are none here, and take a third of its
# start for that.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
