"""A module that cannot be imported: what it needs is not there."""

import nowhere  # noqa: F401
