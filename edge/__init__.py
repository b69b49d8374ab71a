"""face-gate on the device: camera to lock. See docs/architecture.md for which room holds what."""

import os

__version__ = "0.1.0"

# ONNX Runtime (1.32, on Linux too) would keep an identifier of the device and a list of events in
# the home folder, to send to its maker. It asks for this as it is loaded, so it is said first.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
