"""The runner's own image: the `chaos` of this installation, as a container would have it."""
