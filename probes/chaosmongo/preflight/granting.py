"""Roles and their bindings, as YAML for kubectl: what lets a ServiceAccount make an experiment's requests."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chaosmongo.config import Config
from chaosmongo.errors import BadConfiguration

from .experiment import BadExperiment, Experiment
from .permissions import Request, of_experiment, together
from .roles import RBAC, Rule, flow, rules


@dataclass(frozen=True)
class Account:
    """The ServiceAccount that the experiments run as."""

    namespace: str
    name: str

    @property
    def role(self) -> str:
        """The name of what it is granted: accounts of the same name in other namespaces have their own."""
        return f"{self.namespace}-{self.name}"


def needed(experiments: Iterable[Experiment], account: Account) -> list[Request]:
    """What all of them ask for, in a pod of the account's, each once. Nothing is asked.

    Raises BadExperiment, BadConfiguration where that cannot be told from what they say.
    """
    found: list[Request] = []
    for experiment in experiments:
        _check(experiment)
        found += of_experiment(experiment, in_pod=True, beside=account.namespace)
    return together(found)


def _check(experiment: Experiment) -> None:
    space = experiment.config.namespace
    if not space:
        raise BadConfiguration(f"{experiment.title!r} has no namespace: without a cluster it needs no permissions")
    if unknown := [key for key in experiment.unknown if key in Config.__dataclass_fields__]:
        keys = ", ".join(unknown)
        raise BadConfiguration(f"{keys} is only known when {experiment.title!r} runs: give it with --var")
    for fault in experiment.faults:
        if fault.wrong:
            raise BadExperiment(f"{fault.step!r} cannot be called like this: {fault.wrong}")
        aimed_at = fault.arguments.get("namespace", space)
        if aimed_at != space:
            raise BadExperiment(
                f"{fault.step!r} is aimed at namespace {aimed_at!r}, the experiment may touch {space!r} alone"
            )


def grants(requests: Iterable[Request], account: Account) -> Iterator[str]:
    """Lines of the documents: a role for each namespace and one for the whole cluster, each with its binding."""
    for space, found in rules(requests).items():
        kind = "Role" if space else "ClusterRole"
        yield "---"
        yield from _head(kind, space, account)
        yield "rules:"
        for rule in found:
            yield from _rule(rule)
        yield "---"
        yield from _head(f"{kind}Binding", space, account)
        yield f"roleRef: {flow({'apiGroup': RBAC, 'kind': kind, 'name': account.role})}"
        yield "subjects:"
        yield f"  - {flow({'kind': 'ServiceAccount', 'name': account.name, 'namespace': account.namespace})}"


def _head(kind: str, space: str, account: Account) -> Iterator[str]:
    yield f"apiVersion: {RBAC}/v1"
    yield f"kind: {kind}"
    yield "metadata:"
    yield f"  name: {_text(account.role)}"
    if space:
        yield f"  namespace: {_text(space)}"


def _rule(rule: Rule) -> Iterator[str]:
    without = "; a run can do without" if rule.optional else ""
    yield f"  # {', '.join(rule.reasons)}{without}"
    yield f"  - apiGroups: {flow([rule.group])}"
    parts: Sequence[tuple[str, Sequence[str]]] = (
        ("resources", rule.resources),
        ("resourceNames", rule.names),
        ("verbs", rule.verbs),
    )
    yield from (f"    {key}: {flow(values)}" for key, values in parts if values)


def _text(text: str) -> str:
    """A text as YAML: in quotes where it would be read as something else."""
    return flow([text])[1:-1]
