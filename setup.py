"""Only what pyproject.toml cannot say: where CMake starts.

Named here and not in pyproject.toml, because the table for it there belongs to the build
helper's own front end and its name has changed between releases.
"""

from setuptools import setup

setup(cmake_source_dir=".")
