"""A module that cannot be imported: it ends whoever imports it."""

import sys

sys.exit(7)
