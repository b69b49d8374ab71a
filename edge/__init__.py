"""face-gate on the device: camera to lock. See docs/architecture.md for which room holds what."""

__version__ = "0.1.0"
