"""A plugin file that cannot be imported."""

from a_package_that_is_not_there import loss  # noqa: F401
