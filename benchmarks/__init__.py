"""Where the figures of the README come from: `python -m benchmarks [NAME ...] [--quick]`, or `make bench` for all.

harness    what every benchmark uses: its rows, its raw samples, statistics of a sample
__main__   runs them and prints one table
The others each answer the question in their docstring, with `run(quick: bool) -> list[Row]`.
"""
