"""The version of this installation."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("sanggar")
except PackageNotFoundError:  # run from a checkout that is not installed
    VERSION = "0.0.0"
