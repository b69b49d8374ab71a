"""Building for the boards on an x86-64 workstation, and testing what was built by emulation.

`python -m firmware_configs.cross build` makes the wheel, `... test` runs the native tests on it.
"""
