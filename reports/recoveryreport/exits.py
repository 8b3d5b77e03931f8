"""What commands exit with that come to a verdict."""

EXIT_CODES = {"passed": 0, "failed": 1, "unknown": 2}
