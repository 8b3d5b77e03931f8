"""Jobs and CronJobs (pkg/apis/batch, pkg/registry/batch).

podFailurePolicy, successPolicy, backoffLimitPerIndex and maxFailedIndexes are refused: a Job that ended otherwise than
they say would be worse than one that is not taken.
"""

# ruff: noqa: ARG002 - a hook need not look at everything it is given

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kubelab import cron
from kubelab.api.fields import FieldError, forbidden, invalid, required, unsupported
from kubelab.api.names import label_errors
from kubelab.api.selectors import field_value, selector_matches

from .base import Cluster, Object, Strategy
from .podrules import pod_spec_errors
from .podspec import default_pod_spec

PREFIX = "batch.kubernetes.io/"
UID_LABELS = ("controller-uid", f"{PREFIX}controller-uid")
NAME_LABELS = ("job-name", f"{PREFIX}job-name")
NOT_KEPT = ("podFailurePolicy", "successPolicy", "backoffLimitPerIndex", "maxFailedIndexes")
COUNTS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
MODES = ("Indexed", "NonIndexed")
REPLACEMENT_POLICIES = ("Failed", "TerminatingOrFailed")
RESTART_POLICIES = ("Never", "OnFailure")
IMMUTABLE = ("selector", "completionMode", "managedBy")
MOST_INDEXED_AT_ONCE = 100_000
SCHEDULING = ("nodeSelector", "tolerations", "schedulingGates")
"""What may be changed in the pods of a suspended Job that never began; beside them affinity, labels and annotations."""

CONCURRENCY_POLICIES = ("Allow", "Forbid", "Replace")
LONGEST_CRON_NAME = 52
"""63 without the dash and the minutes since 1970 that a Job's name gets."""
ZONE_PART = re.compile(r"[A-Za-z.\-_0-9+]{1,14}")


def default_job_spec(spec: Object) -> None:
    """Of a Job. A CronJob's template gets no more than its pods need: the rest is decided when a Job is made."""
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)
    default_template(spec)


def default_template(spec: Object) -> None:
    default_pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))


def not_negative(spec: Object, path: str, names: tuple[str, ...]) -> Iterator[FieldError]:
    for name in names:
        if spec.get(name, 0) < 0:
            yield invalid(f"{path}.{name}", spec[name], "must be greater than or equal to 0")


def job_spec_errors(spec: Object, path: str) -> Iterator[FieldError]:
    """Rules of a Job and of a CronJob's template alike."""
    yield from not_negative(spec, path, COUNTS)
    for name in NOT_KEPT:
        if name in spec:
            yield forbidden(f"{path}.{name}", "this cluster does not support it")
    mode = spec.get("completionMode", MODES[1])
    if mode not in MODES:
        yield unsupported(f"{path}.completionMode", mode, MODES)
    if mode == "Indexed":
        if "completions" not in spec:
            yield required(f"{path}.completions", "when completion mode is Indexed")
        if spec.get("parallelism", 1) > MOST_INDEXED_AT_ONCE:
            detail = f"must be less than or equal to {MOST_INDEXED_AT_ONCE} when completion mode is Indexed"
            yield invalid(f"{path}.parallelism", spec["parallelism"], detail)
    policy = spec.get("podReplacementPolicy", REPLACEMENT_POLICIES[1])
    if policy not in REPLACEMENT_POLICIES:
        yield unsupported(f"{path}.podReplacementPolicy", policy, REPLACEMENT_POLICIES)
    template = spec["template"]
    yield from pod_spec_errors(template["spec"], f"{path}.template.spec")
    restart = template["spec"].get("restartPolicy")
    if restart == "Always":  # What it is by default, too.
        yield required(f"{path}.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')


class JobStrategy(Strategy):
    counts_generations = True
    default_propagation = "Orphan"
    selectable = ("status.successful",)

    def default(self, value: Object) -> None:
        default_job_spec(value.setdefault("spec", {}))

    def complete_new(self, value: Object) -> None:
        """A selector that finds its own pods alone, unless it chooses one itself; and its pods' labels, without any."""
        metadata, spec = value["metadata"], value["spec"]
        template = spec["template"].setdefault("metadata", {})
        labels = template.setdefault("labels", {}) or {}
        if not spec.get("manualSelector"):
            for key, text in self._generated(metadata).items():
                labels.setdefault(key, text)
            template["labels"] = labels
            selector = spec.setdefault("selector", {})
            selector.setdefault("matchLabels", {}).setdefault(UID_LABELS[1], metadata["uid"])
        if labels and not metadata.get("labels"):
            metadata["labels"] = dict(labels)

    @staticmethod
    def _generated(metadata: Object) -> dict[str, str]:
        name, uid = str(metadata.get("name", "")), str(metadata["uid"])
        return dict.fromkeys(NAME_LABELS, name) | dict.fromkeys(UID_LABELS, uid)

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {}

    def validate(self, value: Object) -> list[FieldError]:
        metadata, spec = value["metadata"], value["spec"]
        errors = [*self._selector_errors(metadata, spec), *job_spec_errors(spec, "spec")]
        if spec["completionMode"] == "Indexed" and spec.get("completions", 0) > 0:
            longest = f"{metadata.get('name', '')}-{spec['completions'] - 1}"
            if label_errors(longest):
                detail = f"will not able to create pod with invalid DNS label: {longest}"
                errors.append(invalid("metadata.name", metadata.get("name", ""), detail))
        return errors

    def _selector_errors(self, metadata: Object, spec: Object) -> Iterator[FieldError]:
        labels = spec["template"].get("metadata", {}).get("labels", {})
        selector = spec.get("selector")
        if not spec.get("manualSelector"):
            generated = self._generated(metadata)
            for key, text in generated.items():
                where = f"spec.template.metadata.labels[{key}]"
                if key not in labels:
                    yield required(where, f"must be '{text}'")
                elif labels[key] != text:
                    yield invalid(where, labels, f"must be '{text}'")
            if not selector_matches(selector, generated):
                yield invalid("spec.selector", selector, "`selector` not auto-generated")
        if selector is None:
            yield required("spec.selector")
        elif not selector_matches(selector, labels):
            yield invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        spec, before = value["spec"], old["spec"]
        changed = [name for name in IMMUTABLE if spec.get(name) != before.get(name)]
        errors = [invalid(f"spec.{name}", spec.get(name), "field is immutable") for name in changed]
        if spec.get("completions") != before.get("completions"):
            if spec["completionMode"] != "Indexed":
                errors.append(invalid("spec.completions", spec.get("completions"), "field is immutable"))
            elif spec["completions"] != spec["parallelism"]:
                detail = "can only be modified in tandem with spec.parallelism"
                errors.append(invalid("spec.completions", spec["completions"], detail))
        may_move = before.get("suspend") and "startTime" not in old.get("status", {})
        kept = _placed if may_move else dict
        if kept(spec["template"]) != kept(before["template"]):
            errors.append(invalid("spec.template", spec["template"], "field is immutable"))
        return errors

    def read_field(self, value: Mapping[str, Any], path: str) -> str:
        if path == "status.successful":
            return str(value.get("status", {}).get("succeeded", 0))
        return field_value(value, path)


def _placed(template: Object) -> Object:
    """A template without what decides where its pods go, and how they are found."""
    spec = {key: item for key, item in template["spec"].items() if key not in SCHEDULING}
    affinity = {key: item for key, item in spec.pop("affinity", {}).items() if key != "nodeAffinity"}
    metadata = {k: v for k, v in template.get("metadata", {}).items() if k not in ("labels", "annotations")}
    return {"metadata": metadata, "spec": spec, "affinity": affinity}


class CronJobStrategy(Strategy):
    counts_generations = True

    def default(self, value: Object) -> None:
        spec = value.setdefault("spec", {})
        spec.setdefault("concurrencyPolicy", "Allow")
        spec.setdefault("suspend", False)
        spec.setdefault("successfulJobsHistoryLimit", 3)
        spec.setdefault("failedJobsHistoryLimit", 1)
        default_template(spec.setdefault("jobTemplate", {}).setdefault("spec", {}))

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {}

    def name_errors(self, name: str) -> list[str]:
        too_long = len(name) > LONGEST_CRON_NAME
        return [
            *super().name_errors(name),
            *([f"must be no more than {LONGEST_CRON_NAME} characters"] if too_long else ()),
        ]

    def validate(self, value: Object) -> list[FieldError]:
        spec = value["spec"]
        limits = ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
        return [
            *schedule_errors(spec.get("schedule", "")),
            *zone_errors(spec.get("timeZone")),
            *concurrency_errors(spec["concurrencyPolicy"]),
            *job_template_errors(spec["jobTemplate"]["spec"], "spec.jobTemplate.spec"),
            *not_negative(spec, "spec", limits),
        ]


def schedule_errors(schedule: str) -> Iterator[FieldError]:
    if not schedule:
        yield required("spec.schedule")
    elif "TZ" in schedule:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield invalid("spec.schedule", schedule, detail)
    else:
        try:
            cron.parse(schedule)
        except ValueError as error:
            yield invalid("spec.schedule", schedule, str(error))


def zone_errors(zone: str | None) -> Iterator[FieldError]:
    if zone is None:
        return
    if not zone:
        yield invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")
    elif zone.lower() == "local":
        detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        yield invalid("spec.timeZone", zone, detail)
    elif not is_zone(zone):
        yield invalid("spec.timeZone", zone, f"unknown time zone {zone}")


def is_zone(name: str) -> bool:
    parts = name.split("/")
    if any(part in (".", "..") or part.startswith("-") or not ZONE_PART.fullmatch(part) for part in parts):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def concurrency_errors(policy: str) -> Iterator[FieldError]:
    if not policy:
        yield required("spec.concurrencyPolicy")
    elif policy not in CONCURRENCY_POLICIES:
        yield unsupported("spec.concurrencyPolicy", policy, CONCURRENCY_POLICIES)


def job_template_errors(spec: Object, path: str) -> Iterator[FieldError]:
    yield from job_spec_errors(spec, path)
    if "selector" in spec:
        yield invalid(f"{path}.selector", spec["selector"], "`selector` will be auto-generated")
    if spec.get("manualSelector"):
        yield unsupported(f"{path}.manualSelector", True, ("false", "nil"))
