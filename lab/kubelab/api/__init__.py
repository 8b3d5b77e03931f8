"""The lab's API server: Kubernetes' HTTP API for the resources that manifests, experiments and kubectl use.

It stores objects, tells watchers, and refuses what Kubernetes would refuse; it runs nothing. Controllers, scheduler,
node agents and service proxy are clients of it. Nothing but this package reads or writes the store.
"""
