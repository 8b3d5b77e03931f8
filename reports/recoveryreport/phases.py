"""The phase figure: a waterfall of where each second of the recovery went, and when each lane was back."""

from typing import TYPE_CHECKING

from chaosmongo.history import History
from chaosmongo.history.results import LaneRecovery, Verdict

from . import words
from .quantities import limit
from .series import zero_ns
from .style import SMALL_PT, TEXT_PT, TITLE_PT, WIDTH_IN, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_IN, _RIGHT_IN = 2.1, 0.2
_HEAD_IN, _ROW_IN, _GAP_IN, _FOOT_IN = 0.85, 0.3, 0.35, 0.62
_TEXT_IN = 2.3
"""Room for the text behind the last bar."""


def draw(figure: "Figure", history: History, verdict: Verdict, theme: Theme) -> None:
    """Draws on `figure`, whose height it sets."""
    zero = zero_ns(history)
    lanes = sorted(verdict.recovery, key=lambda lane: words.lane_order(lane.lane))
    phase_rows, lane_rows = max(len(verdict.phases), 1), len(lanes)
    tall_in = phase_rows * _ROW_IN + _GAP_IN + lane_rows * _ROW_IN
    height_in = _HEAD_IN + tall_in + _FOOT_IN
    figure.set_size_inches(WIDTH_IN, height_in)
    plot_in = WIDTH_IN - _LEFT_IN - _RIGHT_IN
    axes = figure.add_axes((_LEFT_IN / WIDTH_IN, _FOOT_IN / height_in, plot_in / WIDTH_IN, tall_in / height_in))
    ends = [(phase.end_ns - zero) / 1e9 for phase in verdict.phases]
    ends += [_until_s(lane) for lane in lanes]
    _scaffold(axes, max([*ends, 0.001]), tall_in, bool(history.faults), theme)
    _draw_phases(axes, verdict, zero, tall_in, theme)
    for row, lane in enumerate(lanes):
        _draw_lane(axes, lane, (lane_rows - row - 0.5) * _ROW_IN, theme)
    _title(figure, verdict, theme, height_in)


def _until_s(lane: LaneRecovery) -> float:
    """How far a lane's bar reaches: to its recovery, else as far as it was watched."""
    if lane.rta is not None:
        return lane.rta.hi_ns / 1e9
    return (lane.censored_ns or 0) / 1e9


def _scaffold(axes: "Axes", end_s: float, tall_in: float, has_fault: bool, theme: Theme) -> None:
    plot_in = WIDTH_IN - _LEFT_IN - _RIGHT_IN
    axes.set_xlim(0, end_s * plot_in / (plot_in - _TEXT_IN))
    axes.set_ylim(0, tall_in)
    axes.set_yticks([])
    axes.grid(axis="x", color=theme.rule, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(bottom=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(theme.fault)
    axes.spines["left"].set_linewidth(1.6)
    axes.set_xlabel("seconds after the fault" if has_fault else "seconds (no fault is recorded)", labelpad=5)


def _draw_phases(axes: "Axes", verdict: Verdict, zero: int, tall_in: float, theme: Theme) -> None:
    if not verdict.phases:
        axes.text(
            0.5,
            tall_in - _ROW_IN / 2,
            "No phases: the record does not show a recovery to divide.",
            transform=axes.get_yaxis_transform(),
            ha="center",
            va="center",
            color=theme.faint,
        )
        return
    largest = words.largest(verdict.phases)
    for row, phase in enumerate(verdict.phases):
        y = tall_in - (row + 0.5) * _ROW_IN
        start_s, end_s = (phase.start_ns - zero) / 1e9, (phase.end_ns - zero) / 1e9
        top = phase is largest
        weight = "bold" if top else "normal"
        axes.barh(
            y, end_s - start_s, 0.62 * _ROW_IN, start_s,
            color=theme.largest if top else theme.bar, edgecolor=theme.largest if top else theme.bar, lw=1.0,
        )  # fmt: skip
        if row + 1 < len(verdict.phases):
            axes.plot([end_s, end_s], [y - 0.31 * _ROW_IN, y - 0.69 * _ROW_IN], color=theme.faint, lw=0.8)
        _name(axes, y, phase.name, weight)
        note = "   largest" if top and len(verdict.phases) > 1 else ""
        _value(axes, end_s, y, f"{words.phase_time(phase)}{note}", weight)


def _draw_lane(axes: "Axes", lane: LaneRecovery, y: float, theme: Theme) -> None:
    """A lane's recovery time as a line with an end; a crossbar where the objective lies, if that is within sight."""
    goal = f"   objective {limit(lane.objective_s)}" if lane.objective_s is not None else ""
    _name(axes, y, f"{lane.lane}{goal}", "bold")
    until_s = _until_s(lane)
    if until_s:
        axes.plot([0, until_s], [y, y], color=theme.ink, lw=1.4, solid_capstyle="butt")
        axes.plot([until_s], [y], marker="D" if lane.rta is not None else ">", ms=6, color=theme.ink, clip_on=False)
    text = words.recovery_time(lane)
    if lane.objective_s is not None:
        text += f"   {words.met(lane)}"
        if lane.objective_s < axes.get_xlim()[1]:
            axes.plot([lane.objective_s] * 2, [y - 0.35 * _ROW_IN, y + 0.35 * _ROW_IN], color=theme.fail, lw=2.4)
    _value(axes, until_s, y, text, "normal")


def _name(axes: "Axes", y: float, name: str, weight: str) -> None:
    axes.annotate(
        words.harmless(name), (0, y), xytext=(-8, 0), textcoords="offset points", ha="right", va="center",
        fontsize=TEXT_PT, fontweight=weight, annotation_clip=False,
    )  # fmt: skip


def _value(axes: "Axes", x_s: float, y: float, text: str, weight: str) -> None:
    """The text behind a bar; before its end where it would leave the figure."""
    axes.annotate(
        text, (x_s, y), xytext=(8, 0), textcoords="offset points", ha="left", va="center",
        fontsize=SMALL_PT, fontweight=weight, annotation_clip=False,
    )  # fmt: skip


def _title(figure: "Figure", verdict: Verdict, theme: Theme, height_in: float) -> None:
    left = 0.3 / WIDTH_IN
    title = "Where the seconds went"
    figure.text(left, 1 - 0.16 / height_in, title, fontsize=TITLE_PT, fontweight="bold", va="top")
    mark = f"{words.SYMBOLS[verdict.verdict]} {verdict.verdict}"
    figure.text(left, 1 - 0.45 / height_in, f"{mark}   {verdict.run}", fontsize=SMALL_PT, color=theme.faint, va="top")
