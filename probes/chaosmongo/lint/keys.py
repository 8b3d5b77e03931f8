"""Keys that nothing reads, that are missing, that stand there twice, and values of another shape than is read.

Chaos Toolkit looks for the keys that it knows, and at no others: a `backgroud: true` is a step in the foreground.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .experiment import Experiment
from .findings import Finding, meant, near, shown
from .node import KINDS, Node


@dataclass(frozen=True)
class Shape:
    """A mapping of which these keys are read."""

    what: str
    needed: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        return (*self.needed, *self.other)


EXPERIMENT = Shape(
    "experiment",
    ("title", "description", "method"),
    (
        "version",
        "tags",
        "contributions",
        "extensions",
        "configuration",
        "secrets",
        "runtime",
        "controls",
        "steady-state-hypothesis",
        "rollbacks",
    ),
)
HYPOTHESIS = Shape("hypothesis", ("title",), ("probes", "controls"))
RUNTIME = Shape("runtime", (), ("hypothesis", "rollbacks"))
STRATEGY = Shape("runtime", ("strategy",))
ACTIVITY = Shape("activity", ("type", "name", "provider"), ("controls", "background", "pauses"))
PROBE = Shape("probe", (*ACTIVITY.needed, "tolerance"), ("controls", "pauses"))
DYNAMIC = Shape("configuration entry", ("type", "provider"), ("name",))
JUDGE = Shape("tolerance", ("type", "name", "provider"))
REF = Shape("ref", ("ref",), ("background",))
PROBE_REF = Shape("ref", ("ref", "tolerance"))
PAUSES = Shape("pauses", (), ("before", "after"))
CONTROL = Shape("control", ("name", "provider"), ("ref", "scope", "automatic"))
CONTROL_PROVIDER = Shape("control's provider", ("type", "module"), ("arguments",))
EXTENSION = Shape("extension", ("name",))
PROVIDERS = {
    "python": Shape("python provider", ("type", "module", "func"), ("arguments", "secrets")),
    "process": Shape("process provider", ("type", "path"), ("arguments", "timeout", "secrets")),
    "http": Shape(
        "http provider",
        ("type", "url"),
        ("method", "headers", "timeout", "arguments", "verify_tls", "max_retries", "secrets"),
    ),
}
TOLERANCES = {
    "regex": Shape("regex tolerance", ("type", "pattern"), ("target",)),
    "jsonpath": Shape("jsonpath tolerance", ("type", "path"), ("count", "expect", "target")),
    "range": Shape("range tolerance", ("type", "range"), ("target",)),
}
ENV = Shape("configuration entry", ("type", "key"), ("default", "env_var_type"))
ENV_SECRET = Shape("secret", ("type", "key"))
VAULT_SECRET = Shape("secret", ("type", "path"), ("key",))

TIMEOUT = ("timeout",)
"""Where an activity has one that is not read, endings.py says what to do instead."""

REMEDIES = {
    "dry": "take it out: only chaos run --dry makes a run dry, and a step that has it is executed even then",
    "tolerance": "take it out: only the probes of the hypothesis are compared with one",
}


def twice(experiment: Experiment) -> Iterator[Finding]:
    for key in experiment.twice:
        yield Finding(
            key.line,
            f"{shown(key.key)} stands there twice (line {key.first}), and the first is lost",
            "take one of them out",
        )


def experiment_keys(experiment: Experiment) -> Iterator[Finding]:
    root = experiment.root
    yield from _check(root, EXPERIMENT)
    for key in ("configuration", "secrets", "steady-state-hypothesis"):
        yield from _of_kind(root, key, dict)
    for key in ("method", "rollbacks", "controls"):
        yield from _of_kind(root, key, list)
    for key, kind in (("runtime", dict), ("extensions", list), ("tags", list)):
        if root.get(key).value is not None:
            yield from _of_kind(root, key, kind)
    for extension in root.get("extensions").items:
        yield from _check(extension, EXTENSION, tuple(extension.entries))
    if "runtime" in root and root.get("runtime").entries:
        yield from _check(root.get("runtime"), RUNTIME)
        for key in RUNTIME.other:
            if key in root.get("runtime"):
                yield from _check(root.get("runtime", key), STRATEGY)
    if root.get("steady-state-hypothesis").value is not None:
        yield from _check(root.get("steady-state-hypothesis"), HYPOTHESIS)
        yield from _of_kind(root.get("steady-state-hypothesis"), "probes", list)


def activity_keys(experiment: Experiment) -> Iterator[Finding]:
    for activity in experiment.activities:
        node = activity.node
        probing = activity.where == "hypothesis"
        if activity.is_ref:
            yield from _check(node, PROBE_REF if probing else REF, TIMEOUT)
            continue
        shapes = {"hypothesis": PROBE, "configuration": DYNAMIC, "tolerance": JUDGE}
        yield from _check(node, shapes.get(activity.where, ACTIVITY), TIMEOUT)
        if "type" in node and node.text("type") not in ("probe", "action"):
            yield _no_choice(node, "type", ("probe", "action"))
        if "pauses" in node:
            yield from _check(node.get("pauses"), PAUSES)
        if "provider" in node:
            yield from _provider(activity.provider)
        if "background" in node and not isinstance(node.get("background").value, bool):
            yield Finding(
                node.line_of("background"),
                f"background is {node.get('background').kind}, which nothing replaces",
                "write true or false",
            )


def _provider(provider: Node) -> Iterator[Finding]:
    shape = PROVIDERS.get(provider.text("type"))
    if shape is not None:
        yield from _check(provider, shape, TIMEOUT)
    elif provider.entries:
        yield _no_choice(provider, "type", PROVIDERS)
    else:
        yield Finding(provider.line, f"the provider is {provider.kind}", "write a mapping with type")


def tolerance_keys(experiment: Experiment) -> Iterator[Finding]:
    for probe in experiment.hypothesis:
        tolerance = probe.node.get("tolerance")
        kind = tolerance.text("type")
        if kind in TOLERANCES:
            yield from _check(tolerance, TOLERANCES[kind])
        elif isinstance(tolerance.value, dict) and kind != "probe":
            yield _no_choice(tolerance, "type", (*TOLERANCES, "probe"))


def control_keys(experiment: Experiment) -> Iterator[Finding]:
    for control in experiment.controls:
        yield from _check(control, CONTROL)
        if "provider" in control:
            yield from _check(control.get("provider"), CONTROL_PROVIDER)
            if control.get("provider").entries and control.get("provider").text("type") != "python":
                yield _no_choice(control.get("provider"), "type", ("python",))
        if "scope" in control and control.text("scope") not in ("before", "after"):
            yield _no_choice(control, "scope", ("before", "after"))


def configuration_keys(experiment: Experiment) -> Iterator[Finding]:
    for name, entry in experiment.root.get("configuration").entries.items():
        kind = entry.text("type")
        if kind == "env":
            yield from _check(entry, ENV)
        elif kind != "probe" and (("type" in entry and "key" in entry) or near(kind, ("env", "probe"))):
            yield _no_choice(entry, "type", ("env", "probe"))
        elif "type" not in entry and "key" in entry:
            yield Finding(
                entry.line_of("key"),
                f"{shown(name)} has a key and no type, so that it is this mapping itself",
                "add type: env",
            )


def secret_keys(experiment: Experiment) -> Iterator[Finding]:
    shapes = {"env": ENV_SECRET, "vault": VAULT_SECRET}
    groups = experiment.root.get("secrets")
    for name, group in groups.entries.items():
        if not isinstance(group.value, dict) or group.text("type") in shapes:
            yield Finding(
                groups.line_of(name),
                f"secrets: {shown(name)} is in no group, which breaks off whatever looks for a variable",
                f"write it one level deeper, like secrets: {{database: {{{shown(name)}: {{type: env, key: ...}}}}}}",
            )
            continue
        for entry in group.entries.values():
            if shape := shapes.get(entry.text("type")):
                yield from _check(entry, shape)
            elif "type" in entry and "key" in entry:
                yield _no_choice(entry, "type", shapes)


def _check(node: Node, shape: Shape, others: tuple[str, ...] = ()) -> Iterator[Finding]:
    """others: keys that are somebody else's to read, or another rule's."""
    if not isinstance(node.value, dict):
        yield Finding(node.line, f"the {shape.what} is {node.kind}", f"write a mapping with {', '.join(shape.known)}")
        return
    for key in shape.needed:
        if key not in node:
            yield Finding(node.line, f"the {shape.what} has no {key}", f"add {key}")
    for key in node.entries:
        if key in shape.known or key in others:
            continue
        missing = [known for known in shape.known if known not in node]
        remedy = REMEDIES.get(key) or meant(key, missing, f"take it out ({shape.what} has {', '.join(shape.known)})")
        yield Finding(node.line_of(key), f"nothing reads {shown(key)} in the {shape.what}", remedy)


def _of_kind(node: Node, key: str, kind: type) -> Iterator[Finding]:
    found = node.get(key)
    if key in node and not isinstance(found.value, kind):
        yield Finding(node.line_of(key), f"{key} is {found.kind}", f"write {KINDS[kind]}, or take it out")


def _no_choice(node: Node, key: str, choices: Iterable[str]) -> Finding:
    found = node.get(key)
    told = shown(found.value) if isinstance(found.value, str) else found.kind
    words = ", ".join(choices)
    return Finding(
        node.line_of(key), f"{key} {told!r} is none of {words}", meant(str(found.value), choices, "write one")
    )


RULES = (
    twice,
    experiment_keys,
    activity_keys,
    tolerance_keys,
    control_keys,
    configuration_keys,
    secret_keys,
)
