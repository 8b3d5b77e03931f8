"""In which order the runs of a matrix are made.

Round by round: each round runs every cell once, in an order of its own. So whatever changes with time (a machine that
grows warm, a volume that fills, a busy neighbour) meets all cells alike, no cell always follows the same other one, and
a matrix that is stopped has as many runs of each cell as of any other, give or take one.
"""

import random


def interleaved(cells: int, runs: int, seed: int) -> list[int]:
    """Places of cells, each `runs` times. The same seed gives the same order."""
    chance, order = random.Random(seed), list[int]()
    for _ in range(runs):
        order += chance.sample(range(cells), cells)
    return order
