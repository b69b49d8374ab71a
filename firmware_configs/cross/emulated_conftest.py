"""pytest's conftest for the native tests under emulation: nothing fails for being slow there."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "emulated", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("emulated")
