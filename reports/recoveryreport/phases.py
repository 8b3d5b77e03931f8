"""The phase figure: a waterfall of where each second of the recovery went, and when each lane was back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaosmongo.history.results import LaneRecovery, Phase, Verdict

from . import canvas, words
from .style import SMALL_PT, TEXT_PT, TITLE_PT, WIDTH_IN, Theme
from .subject import Subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_IN, _RIGHT_IN = 1.9, 0.25
_HEAD_IN, _ROW_IN, _GAP_IN, _FOOT_IN = 0.75, 0.3, 0.35, 0.62
_THICK = 0.62
"""Height of a bar, as a part of its row."""


@dataclass(frozen=True)
class Row:
    """One line of the figure. Seconds after the fault; no end: nothing but the text."""

    name: str
    text: str
    start_s: float = 0.0
    end_s: float = 0.0
    phase: Phase | None = None
    lane: LaneRecovery | None = None
    top: bool = False

    @property
    def weight(self) -> str:
        return "bold" if self.top or self.lane is not None else "normal"


def draw(figure: "Figure", subject: Subject, theme: Theme) -> None:
    """Draws on `figure`, whose size it sets."""
    verdict = subject.verdict
    phases, lanes = _phase_rows(subject), _lane_rows(verdict)
    tall_in = max(len(phases), 1) * _ROW_IN + _GAP_IN + len(lanes) * _ROW_IN
    height_in = _HEAD_IN + tall_in + _FOOT_IN
    plot_in = WIDTH_IN - _LEFT_IN - _RIGHT_IN
    figure.set_size_inches(WIDTH_IN, height_in)
    _title(figure, verdict, theme, height_in)
    axes = figure.add_axes((_LEFT_IN / WIDTH_IN, _FOOT_IN / height_in, plot_in / WIDTH_IN, tall_in / height_in))
    axes.set_ylim(0, tall_in)
    axes.set_yticks([])
    if not phases:
        _say_nothing(axes, tall_in, theme)
    if not phases and not lanes:
        axes.set_axis_off()
        return
    _scaffold(axes, _reach_s(figure, [*phases, *lanes], plot_in), bool(subject.history.faults), theme)
    for number, row in enumerate(phases):
        _draw_phase(axes, row, tall_in - (number + 0.5) * _ROW_IN, number + 1 < len(phases), theme)
    for number, row in enumerate(lanes):
        _draw_lane(axes, row, (len(lanes) - number - 0.5) * _ROW_IN, theme)


def alt(subject: Subject) -> str:
    """What the figure shows, for those who do not see it."""
    phases = subject.verdict.phases
    largest = words.largest(phases)
    if largest is None:
        return "No phases: the record does not show a recovery to divide."
    told = [f"{phase.name} {words.phase_time(phase)}" for phase in phases]
    return f"Phases of the recovery, one after the other: {', '.join(told)}. The largest is {largest.name}."


def _phase_rows(subject: Subject) -> list[Row]:
    phases = subject.verdict.phases
    largest, several = words.largest(phases), len(phases) > 1
    return [
        Row(
            name=phase.name,
            text=words.phase_time(phase) + ("   largest" if phase is largest and several else ""),
            start_s=subject.at(phase.start_ns),
            end_s=subject.at(phase.end_ns),
            phase=phase,
            top=phase is largest,
        )
        for phase in phases
    ]


def _lane_rows(verdict: Verdict) -> list[Row]:
    lanes = sorted(verdict.recovery, key=lambda lane: words.lane_order(lane.lane))
    return [
        Row(
            name=lane.lane,
            text=words.recovery_time(lane)
            + (f"   ({words.objective_met(lane)})" if lane.objective_s is not None else ""),
            end_s=(lane.rta.middle_ns if lane.rta is not None else lane.censored_ns or 0) / 1e9,
            lane=lane,
        )
        for lane in lanes
    ]


def _reach_s(figure: "Figure", rows: list[Row], plot_in: float) -> float:
    """The end of the axis: no text behind a bar leaves the figure."""
    parts = [(row.end_s, canvas.text_width_in(figure, row.text, SMALL_PT) / plot_in + 0.03) for row in rows]
    return max([0.001, *(end_s / (1 - min(part, 0.7)) for end_s, part in parts)])


def _scaffold(axes: "Axes", end_s: float, has_fault: bool, theme: Theme) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0, end_s)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    axes.grid(axis="x", color=theme.rule, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(bottom=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(theme.fault)
    axes.spines["left"].set_linewidth(1.6)
    axes.set_xlabel("seconds after the fault" if has_fault else "seconds (no fault is recorded)", labelpad=5)


def _say_nothing(axes: "Axes", tall_in: float, theme: Theme) -> None:
    axes.text(
        0.5,
        tall_in - _ROW_IN / 2,
        "No phases: the record does not show a recovery to divide.",
        transform=axes.get_yaxis_transform(),
        ha="center",
        va="center",
        color=theme.faint,
        bbox={"facecolor": theme.paper, "edgecolor": "none"},
    )


def _draw_phase(axes: "Axes", row: Row, y: float, more: bool, theme: Theme) -> None:
    colour = theme.largest if row.top else theme.bar
    # The edge keeps the shortest phase in sight.
    axes.barh(y, row.end_s - row.start_s, _THICK * _ROW_IN, row.start_s, color=colour, edgecolor=colour, lw=1.0)
    if more:
        under = y - _THICK / 2 * _ROW_IN
        axes.plot([row.end_s] * 2, [under, under - (1 - _THICK) * _ROW_IN], color=theme.faint, lw=0.8)
    _write(axes, row, y, theme)


def _draw_lane(axes: "Axes", row: Row, y: float, theme: Theme) -> None:
    """A lane's recovery time as a line with an end; a crossbar where the objective lies, if that is within sight."""
    lane = row.lane
    if lane is not None and lane.objective_s is not None and lane.objective_s < axes.get_xlim()[1]:
        axes.plot([lane.objective_s] * 2, [y - 0.35 * _ROW_IN, y + 0.35 * _ROW_IN], color=theme.fail, lw=2.4)
    if row.end_s:
        recovered = lane is not None and lane.rta is not None
        axes.plot([0, row.end_s], [y, y], color=theme.ink, lw=1.4, solid_capstyle="butt")
        axes.plot([row.end_s], [y], marker="D" if recovered else ">", ms=6, color=theme.ink, clip_on=False)
    _write(axes, row, y, theme)


def _write(axes: "Axes", row: Row, y: float, theme: Theme) -> None:
    """The name before the axis, the text behind the bar."""
    axes.annotate(
        words.harmless(row.name), (0, y), xytext=(-8, 0), textcoords="offset points", ha="right", va="center",
        fontsize=TEXT_PT, fontweight=row.weight, annotation_clip=False,
    )  # fmt: skip
    axes.annotate(
        row.text, (row.end_s, y), xytext=(11, 0), textcoords="offset points", ha="left", va="center",
        fontsize=SMALL_PT, fontweight="bold" if row.top else "normal", annotation_clip=False,
        bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _title(figure: "Figure", verdict: Verdict, theme: Theme, height_in: float) -> None:
    left = 0.3 / WIDTH_IN
    title = "Where the seconds went"
    figure.text(left, 1 - 0.16 / height_in, title, fontsize=TITLE_PT, fontweight="bold", va="top")
    mark = f"{words.SYMBOLS[verdict.verdict]} {verdict.verdict}   {words.harmless(verdict.run)}"
    figure.text(left, 1 - 0.45 / height_in, mark, fontsize=SMALL_PT, color=theme.faint, va="top")
