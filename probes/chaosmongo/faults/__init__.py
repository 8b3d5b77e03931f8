"""Faults: one file each. A fault checks that it is allowed, records what it hits and how to take it back, and acts.

It never measures.
"""
