"""The mongo image: SecantusDB behind MongoDB's wire protocol, started as the official image starts mongod.

SecantusDB is run as a process of its own and never imported. The programs here run inside containers with the
standard library alone (see kubelab.images.python.lean): siblings are imported relatively.
"""
