"""Colours, fonts and sizes of the figures, light and dark.

The colours are those of Okabe and Ito (Color Universal Design, 2008), lightened or darkened until success, unknown and
failure also differ in grey; unknown is hatched besides, and failures lie apart from successes.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Theme:
    """One set of colours; names say what a colour is for."""

    name: str
    paper: str
    ink: str
    faint: str
    """Secondary text: still 4.5:1 against the paper (WCAG 2.2 AA)."""
    rule: str
    ok: str
    point: str
    """Single operations that were ok, drawn many and small."""
    fail: str
    unknown: str
    outage: str
    fault: str
    bar: str
    largest: str


LIGHT = Theme(
    name="light",
    paper="#ffffff",
    ink="#1b1f24",
    faint="#57606a",
    rule="#d0d7de",
    ok="#9fd0ec",
    point="#2f7fb5",
    fail="#a83a00",
    unknown="#e69f00",
    outage="#6e7781",
    fault="#1b1f24",
    bar="#7fbfe5",
    largest="#d55e00",
)

DARK = Theme(
    name="dark",
    paper="#14181d",
    ink="#e6edf3",
    faint="#9da7b1",
    rule="#323a44",
    ok="#2b6288",
    point="#6cb8e6",
    fail="#ff9a66",
    unknown="#e6b422",
    outage="#9da7b1",
    fault="#e6edf3",
    bar="#3a7fae",
    largest="#ff8a4c",
)

WIDTH_IN = 10.0
DPI = 160

TITLE_PT = 13.0
TEXT_PT = 10.0
SMALL_PT = 9.0


def settings(theme: Theme) -> dict[Any, Any]:
    """matplotlib's settings for a figure. Its font ships with it: a figure looks the same everywhere."""
    return {
        "font.family": ["DejaVu Sans"],
        "font.size": TEXT_PT,
        "text.color": theme.ink,
        "text.parse_math": False,  # a name may hold dollar signs
        "axes.facecolor": theme.paper,
        "axes.edgecolor": theme.rule,
        "axes.labelcolor": theme.ink,
        "axes.linewidth": 0.8,
        "figure.facecolor": theme.paper,
        "savefig.facecolor": theme.paper,
        "xtick.color": theme.rule,
        "xtick.labelcolor": theme.ink,
        "ytick.color": theme.rule,
        "ytick.labelcolor": theme.faint,
        "xtick.labelsize": TEXT_PT,
        "ytick.labelsize": SMALL_PT,
        "hatch.linewidth": 0.7,
        "legend.frameon": False,
        "legend.fontsize": SMALL_PT,
        "legend.borderaxespad": 0,
        "legend.borderpad": 0,
        "svg.hashsalt": "recoveryreport",  # the same run gives the same bytes
        "path.simplify": True,
    }
