"""From recorded runs to figures and one-file HTML: the `chaos recovery` commands."""
