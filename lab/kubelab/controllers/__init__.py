"""Controllers, scheduler, service proxy, Ingress and cluster DNS: clients of the API server, in one process.

A controller watches kinds, maps each change to keys, and for each key calls a pure function
reconcile(observed) -> changes; the loop around it (loop.py) reads the observed state from local copies and writes the
changes. Time is passed in.
"""
