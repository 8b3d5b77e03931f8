"""What fields the served types have: read from types.json, which generate.py derives from the official client."""
