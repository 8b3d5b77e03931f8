"""Many points as few: those that nobody could tell apart in a figure become one, as opaque as all of them together."""

import numpy as np
import numpy.typing as npt

from .series import Floats


def thinned(
    x: Floats, y: Floats, size: tuple[float, float], columns: int, rows: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """One point of each occupied cell of a grid, by its index, and how many points the cell holds.

    `size` is the width and the height of the whole grid, in the units of x and y.
    """
    if not x.size:
        return np.array([], dtype=np.intp), np.array([], dtype=np.intp)
    column = np.clip((x - x.min()) * (columns / size[0]), 0, columns).astype(np.int64)
    row = np.clip((y - y.min()) * (rows / size[1]), 0, rows).astype(np.int64)
    _, first, counts = np.unique(column * (rows + 1) + row, return_index=True, return_counts=True)
    return first, counts


def opacity(counts: npt.NDArray[np.intp], alpha: float) -> Floats:
    """How opaque so many points are that lie on each other, each of which is `alpha`."""
    return 1 - (1 - alpha) ** np.asarray(counts, dtype=np.float64)
