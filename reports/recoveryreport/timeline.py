"""The timeline: what each lane saw over time, with the outage, the fault and what Kubernetes said.

One row a lane. Above: every operation by its response time, from the moment at which it was due (logarithmic, the same
scale in all rows). Below: the shares of ok, unknown and failed operations. Grey: the outage, darker where its ends are
uncertain.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from chaosmongo.history.results import Verdict

from . import canvas, latencyaxis, words
from .labels import Label, grouped, placed
from .lanerow import OBJECTIVE_LINE, draw_lane
from .scene import Scene, scene
from .style import SMALL_PT, TITLE_PT, WIDTH_IN, Theme
from .subject import Subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_IN, _RIGHT_IN = 0.75, 0.2
_HEAD_IN, _LEVEL_IN = 0.75, 0.19
_NAME_IN, _POINTS_IN, _STRIP_IN = 0.3, 0.8, 0.2
_FOOT_IN = 0.62

_FAULT = "FAULT  "
_LABEL_PAD_IN = 0.12
_MOST_ROOM = 0.3
"""Most of the axis that is given to the last label alone; a longer one is written to the left."""


def draw(figure: "Figure", subject: Subject, theme: Theme) -> None:
    """Draws on `figure`, whose size it sets."""
    from matplotlib.ticker import MaxNLocator

    @cache
    def width(text: str) -> float:
        """Of a label, as a part of the time axis."""
        return (canvas.text_width_in(figure, text, SMALL_PT) + _LABEL_PAD_IN) / (WIDTH_IN - _LEFT_IN - _RIGHT_IN)

    view = _with_room(scene(subject), width)
    labels = _labels(view, width)
    levels = max((label.level for label in labels), default=-1) + 1
    row_in = _NAME_IN + _POINTS_IN + _STRIP_IN
    rows = max(len(view.lanes), 1)
    height_in = _HEAD_IN + levels * _LEVEL_IN + rows * row_in + _FOOT_IN
    figure.set_size_inches(WIDTH_IN, height_in)
    _title(figure, view, subject.verdict, theme, height_in)
    top_in = height_in - _HEAD_IN - levels * _LEVEL_IN
    bottom: Axes | None = None
    latencies = latencyaxis.limits(view.lanes)
    for row, series in enumerate(view.lanes):
        under_in = top_in - row * row_in - _NAME_IN - _POINTS_IN
        bottom = _axes(figure, under_in - _STRIP_IN, _STRIP_IN, view)
        draw_lane(_axes(figure, under_in, _POINTS_IN, view), bottom, view, series, theme, latencies)
    if bottom is None:
        bottom = _empty_row(figure, view, top_in, theme)
        if not labels:
            return
    _events(figure, view, labels, top_in, top_in - rows * row_in, theme)
    bottom.tick_params(labelbottom=True, length=4, bottom=True)
    bottom.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    what = "the fault" if view.faults else "the first operation (no fault is recorded)"
    bottom.set_xlabel(f"seconds after {what}", labelpad=5)


def alt(subject: Subject) -> str:
    """What the figure shows, for those who do not see it."""
    lanes = sorted(subject.verdict.recovery, key=lambda lane: words.lane_order(lane.lane))
    if not lanes:
        return "Timeline without operations."
    told = [f"{lane.lane}: {words.recovered(lane)}" for lane in lanes]
    return f"Timeline of all operations by lane. {'; '.join(told)}."


def _axes(figure: "Figure", bottom_in: float, tall_in: float, view: Scene) -> "Axes":
    width_in, height_in = figure.get_size_inches()
    plot_in = width_in - _LEFT_IN - _RIGHT_IN
    axes = figure.add_axes((_LEFT_IN / width_in, bottom_in / height_in, plot_in / width_in, tall_in / height_in))
    axes.set_xlim(view.start_s, view.end_s)
    axes.tick_params(labelbottom=False, bottom=False)
    axes.patch.set_alpha(0)  # the events' lines lie beneath
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return axes


def _title(figure: "Figure", view: Scene, verdict: Verdict, theme: Theme, height_in: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    left = _LEFT_IN / WIDTH_IN
    mark = f"{words.SYMBOLS[verdict.verdict]} {verdict.verdict}"
    figure.text(
        left,
        1 - 0.16 / height_in,
        f"{mark}   {words.harmless(verdict.run)}",
        fontsize=TITLE_PT,
        fontweight="bold",
        va="top",
    )
    handles: list[Any] = [
        Line2D([], [], ls="", marker="o", ms=3, color=theme.point, label="response time"),
        Patch(facecolor=theme.ok, label="ok"),
        Patch(facecolor=theme.unknown, hatch="////", edgecolor=theme.paper, label="unknown"),
        Patch(facecolor=theme.fail, label="failed"),
        Patch(facecolor=theme.outage, alpha=0.25, label="outage"),
    ]
    if any(view.sees_objective(lane) for lane in view.recovery):
        handles.append(Line2D([], [], color=theme.ink, lw=1.2, ls=OBJECTIVE_LINE, label="objective"))
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(left, 1 - 0.42 / height_in),
        ncols=len(handles),
        handlelength=1.4,
        columnspacing=1.6,
    )


def _empty_row(figure: "Figure", view: Scene, top_in: float, theme: Theme) -> "Axes":
    axes = _axes(figure, top_in - _NAME_IN - _POINTS_IN - _STRIP_IN, _POINTS_IN + _STRIP_IN, view)
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.text(0.5, 0.5, "No operations are recorded.", transform=axes.transAxes, ha="center", color=theme.faint)
    return axes


def _texts(view: Scene) -> list[tuple[float, str]]:
    faults = [(view.at(fault.time_ns), f"{_FAULT}{words.harmless(fault.label)}") for fault in view.faults]
    return faults + grouped(view.marks, view.zero_ns, view.end_s - view.start_s)


def _with_room(view: Scene, width: Callable[[str], float]) -> Scene:
    """The same, with a longer axis where a late label would leave the figure otherwise."""
    parts = [(x_s - view.start_s, min(width(text), _MOST_ROOM)) for x_s, text in _texts(view)]
    spans = [elapsed_s / (1 - part) * 1.001 for elapsed_s, part in parts]
    return replace(view, end_s=max([view.end_s, *(view.start_s + span for span in spans)]))


def _labels(view: Scene, width: Callable[[str], float]) -> list[Label]:
    span = view.end_s - view.start_s
    return placed(_texts(view), lambda text: width(text) * span, view.start_s, view.end_s)


def _events(
    figure: "Figure", view: Scene, labels: Sequence[Label], top_in: float, bottom_in: float, theme: Theme
) -> None:
    """The labels over the lanes, and a line from each down through all of them."""
    levels = max((label.level for label in labels), default=-1) + 1
    tall_in = top_in + levels * _LEVEL_IN - bottom_in
    axes = _axes(figure, bottom_in, tall_in, view)
    axes.set_axis_off()
    axes.set_ylim(0, tall_in)
    axes.set_zorder(-1)
    for label in labels:
        is_fault = label.text.startswith(_FAULT)
        y = top_in - bottom_in + label.level * _LEVEL_IN
        axes.plot(
            [label.x_s, label.x_s],
            [0, y + _LEVEL_IN * 0.8],
            color=theme.fault if is_fault else theme.faint,
            lw=1.6 if is_fault else 0.7,
            ls="-" if is_fault else (0, (2, 2)),
        )
        axes.annotate(
            label.text,
            (label.x_s, y),
            xytext=(-4 if label.leftwards else 4, 1),
            textcoords="offset points",
            ha="right" if label.leftwards else "left",
            va="bottom",
            fontsize=SMALL_PT,
            fontweight="bold" if is_fault else "normal",
            annotation_clip=False,
        )
