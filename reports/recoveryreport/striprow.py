"""Drawing one duration over many runs: every run a point, the median a thick line, the p95 a thin one, grey their
intervals.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .axis import Axis
from .lanerow import OBJECTIVE_LINE
from .sheet import Sheet, fitted, quiet
from .strips import Span, Strip, swarm
from .style import SMALL_PT, Theme
from .trials.records import Kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS: tuple[Kind, ...] = ("recovered", "censored", "no outage")

_THICK = 0.82
"""Height of a band, as a part of its row."""
_SIZES_PT = ((100, 4.0), (250, 3.2), (0, 2.4))
"""Up to how many dots in a row how large they are; the last: beyond."""
_CLOSE = 0.76
"""Between neighbouring levels of dots, as a part of a dot."""
_DOTS, _DOTS_IN = 0.64, 0.25
"""Height of all dots, as a part of their row and at least, so that what lies behind many is seen above and below."""


def prepare(sheet: Sheet, axes: "Axes", axis: Axis, lanes: Sequence[str], room_in: float, theme: Theme) -> None:
    """One row a lane, the first at the top, all on the axis of time. room_in: of the lanes' names."""
    axes.set_ylim(max(len(lanes), 1) - 0.5, -0.5)
    axis.show(axes, "x")
    axes.set_yticks(range(len(lanes)), [fitted(sheet.figure, lane, SMALL_PT, room_in) for lane in lanes])
    quiet(axes, theme, "x")


def draw_strip(sheet: Sheet, axes: "Axes", axis: Axis, strip: Strip, y: float, theme: Theme) -> None:
    """In the row `y` of prepared axes."""
    upper, lower = y - _THICK / 2, y + _THICK / 2
    for span, dense in ((strip.interval_s, 0.3), (strip.p95_interval_s, 0.15)):
        if span:
            axes.fill_between(_ends(span, axis), upper, lower, color=theme.outage, alpha=dense, lw=0, zorder=1)
    if sees_objective(strip, axis):
        axes.plot(
            [strip.objective_s or 0] * 2, [y - 0.5, y + 0.5], color=theme.ink, lw=1.2, ls=OBJECTIVE_LINE, zorder=2
        )
    _draw_dots(sheet, axes, axis, strip, y, theme)
    many = len(strip.dots) > _SIZES_PT[0][0]  # which would hide what lies behind them
    for at_s, width in ((strip.median_s, 2.2), (strip.p95_s, 1.0)):
        if at_s is not None:
            at = [axis.within(at_s)] * 2
            if many:
                axes.plot(at, [upper, lower], color=theme.paper, lw=width + 0.9, zorder=4)
            axes.plot(at, [upper, lower], color=theme.ink, lw=width, zorder=5 if many else 2)
    if strip.told:
        axes.annotate(
            "\n".join(strip.told),
            (1, y),
            xycoords=axes.get_yaxis_transform(),
            xytext=(5, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=SMALL_PT,
            annotation_clip=False,
        )


def say(axes: "Axes", text: str, theme: Theme) -> None:
    """In the middle of axes in which there is nothing else to be seen."""
    axes.text(
        0.5,
        0.5,
        text,
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=SMALL_PT,
        color=theme.faint,
        bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 2},
    )


def keys(strips: Iterable[Strip], axis: Axis, run: str, median: str, theme: Theme) -> list[Any]:
    """The entries of the legend: of what is there. run: what a dot is; median: of its line."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    strips = list(strips)
    names: dict[Kind, str] = {
        "recovered": run,
        "censored": "not recovered by then",
        "no outage": "no outage as long as that",
    }
    handles: list[Any] = [
        Line2D([], [], ls="", label=names[kind], **_look(kind, theme))
        for kind in KINDS
        if any(dot.kind == kind for strip in strips for dot in strip.dots)
    ]
    if any(strip.median_s is not None for strip in strips):
        handles.append(_tick(median, 2.2, theme))
    if any(strip.interval_s for strip in strips):
        handles.append(Patch(facecolor=theme.outage, alpha=0.3, label="interval of the median (95 % or more)"))
    if any(strip.p95_s is not None for strip in strips):
        handles.append(_tick("p95", 1.0, theme))
    if any(strip.p95_interval_s for strip in strips):
        handles.append(Patch(facecolor=theme.outage, alpha=0.15, label="interval of the p95 (95 % or more)"))
    if any(sees_objective(strip, axis) for strip in strips):
        handles.append(Line2D([], [], color=theme.ink, lw=1.2, ls=OBJECTIVE_LINE, label="objective"))
    return handles


def sees_objective(strip: Strip, axis: Axis) -> bool:
    return strip.objective_s is not None and axis.low_s < strip.objective_s < axis.high_s


def _draw_dots(sheet: Sheet, axes: "Axes", axis: Axis, strip: Strip, y: float, theme: Theme) -> None:
    box, rows = axes.get_position(), abs(axes.get_ylim()[0] - axes.get_ylim()[1])
    wide_in, row_in = box.width * sheet.width_in, box.height * sheet.height_in / rows
    size_pt = next(size for most, size in _SIZES_PT if len(strip.dots) <= most or not most)
    step_in = _CLOSE * size_pt / 72
    most = int((max(_DOTS * row_in, _DOTS_IN) - size_pt / 72) / 2 / step_in)
    levels = swarm([axis.part(dot.time_s) * wide_in for dot in strip.dots], size_pt / 72, most)
    for kind in KINDS:
        dots = [(dot, level) for dot, level in zip(strip.dots, levels, strict=True) if dot.kind == kind]
        look = _look(kind, theme)
        axes.plot(
            [axis.within(dot.time_s) for dot, _ in dots],
            [y + level * step_in / row_in for _, level in dots],
            ls="",
            zorder=3,
            clip_on=False,
            **look | {"ms": look["ms"] * size_pt / _SIZES_PT[0][1]},
        )


def _look(kind: Kind, theme: Theme) -> dict[str, Any]:
    """Told apart by shape, not by colour alone: what was not seen to end is open."""
    return {
        "recovered": {"marker": "o", "ms": 4, "mew": 0.5, "mfc": theme.point, "mec": theme.paper},
        "censored": {"marker": ">", "ms": 5.5, "mew": 1.1, "mfc": theme.paper, "mec": theme.fail},
        "no outage": {"marker": "<", "ms": 5.5, "mew": 1.1, "mfc": theme.paper, "mec": theme.point},
    }[kind]


def _tick(name: str, width: float, theme: Theme) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], ls="", marker="|", ms=10, mew=width, color=theme.ink, label=name)


def _ends(span: Span, axis: Axis) -> list[float]:
    begin, end = span
    return [axis.within(begin), axis.high_s if end is None else axis.within(end)]
