"""A Kubernetes-compatible cluster on one machine, with real processes in its pods."""
