"""A node of the lab: registers itself, runs the pods assigned to it as real processes, and reports on them.

What a kubelet and a container runtime do, after kubernetes/pkg/kubelet. `processes` is the only module that starts
and signals processes; `status`, `environment`, `backoff` and `probes.Threshold` are pure. Killing the node's process
kills its containers, as a power cut would.
"""
