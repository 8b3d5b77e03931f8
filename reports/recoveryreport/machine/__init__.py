"""One run for other programs: the same numbers as the report's page, drawn from run.json and verdict.json alone.

records      types of summary.json
schema       its JSON Schema (docs/summary.schema.json)
reading      a run as it was judged, from its files
summary      from verdict to `Summary`, which the others are written from; summary.json
junit        junit.xml, for whatever collects test results
openmetrics  metrics.prom, for a node exporter's textfile collector or a push gateway
markdown     summary.md, for a pull request or a chat (escape: text that stays text there)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chaosmongo.history.records import Run
from chaosmongo.history.results import Verdict

from . import junit, markdown, openmetrics, summary
from .records import Summary


@dataclass(frozen=True)
class Form:
    """A form of the summary: the file that it stands in beside report.html, and how it is written."""

    file: str
    written: Callable[[Summary], bytes]


FORMS: Mapping[str, Form] = {
    "json": Form("summary.json", summary.encoded),
    "junit": Form("junit.xml", junit.written),
    "openmetrics": Form("metrics.prom", openmetrics.written),
    "markdown": Form("summary.md", markdown.written),
}


def files(run: Run, verdict: Verdict) -> dict[str, bytes]:
    """What goes into each file, by its name. The same run and verdict give the same bytes."""
    summed = summary.of(run, verdict)
    return {form.file: form.written(summed) for form in FORMS.values()}
