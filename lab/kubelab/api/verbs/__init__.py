"""What requests do to objects, apart from HTTP: each function reads and writes the store without awaiting."""
