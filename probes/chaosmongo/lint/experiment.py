"""Where activities, controls and variables stand in an experiment."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from .node import Node
from .reading import Document, Twice
from .variables import Variable, declared

Where = Literal["hypothesis", "method", "rollbacks", "configuration", "tolerance"]

OURS = "chaosmongo"
ACTIONS = f"{OURS}.actions"


@dataclass(frozen=True)
class Activity:
    """A step, a probe of the hypothesis, one whose output is a value of the configuration, or one that judges another's
    output.
    """

    node: Node
    where: Where

    @property
    def line(self) -> int:
        return self.node.line

    @property
    def name(self) -> str:
        return self.node.text("name")

    @property
    def is_ref(self) -> bool:
        """It stands for another activity, by its name."""
        return "ref" in self.node

    @property
    def provider(self) -> Node:
        return self.node.get("provider")

    @property
    def kind(self) -> str:
        """python, process or http."""
        return self.provider.text("type")

    @property
    def module(self) -> str:
        return self.provider.text("module") if self.kind == "python" else ""

    @property
    def function(self) -> str:
        return self.provider.text("func") if self.kind == "python" else ""

    @property
    def is_ours(self) -> bool:
        return self.module.split(".")[0] == OURS

    @property
    def in_background(self) -> bool:
        return self.node.get("background").value is True

    def calls(self, function: str) -> bool:
        """Whether it is this action of ours."""
        return self.is_ours and self.function == function


@dataclass(frozen=True)
class Experiment:
    document: Document

    @property
    def root(self) -> Node:
        return self.document.root

    @property
    def twice(self) -> list[Twice]:
        return self.document.twice

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """What a `${name}` can stand for."""
        return declared(self.root.get("configuration"), self.root.get("secrets"))

    @cached_property
    def hypothesis(self) -> list[Activity]:
        return [Activity(node, "hypothesis") for node in self.root.get("steady-state-hypothesis", "probes").items]

    @cached_property
    def method(self) -> list[Activity]:
        return [Activity(node, "method") for node in self.root.get("method").items]

    @cached_property
    def rollbacks(self) -> list[Activity]:
        return [Activity(node, "rollbacks") for node in self.root.get("rollbacks").items]

    @cached_property
    def steps(self) -> list[Activity]:
        return [*self.hypothesis, *self.method, *self.rollbacks]

    @cached_property
    def activities(self) -> list[Activity]:
        """Everything that is called: steps, and what stands in the configuration and in tolerances."""
        entries = self.root.get("configuration").entries.values()
        tolerances = [step.node.get("tolerance") for step in self.hypothesis]
        return [
            *self.steps,
            *(Activity(node, "configuration") for node in entries if node.text("type") == "probe"),
            *(Activity(node, "tolerance") for node in tolerances if node.text("type") == "probe"),
        ]

    @cached_property
    def controls(self) -> list[Node]:
        """Of every level."""
        holders = [self.root, self.root.get("steady-state-hypothesis"), *(step.node for step in self.steps)]
        return [control for holder in holders for control in holder.get("controls").items]

    @cached_property
    def referable(self) -> dict[str, Activity]:
        """By name, what a `ref` finds: those of the rollbacks are not among them."""
        return {step.name: step for step in (*self.method, *self.hypothesis) if step.name}

    def meant_by(self, step: Activity) -> Activity:
        """The activity that a `ref` stands for, where there is one."""
        return self.referable.get(step.node.text("ref"), step) if step.is_ref else step

    def played(self, steps: list[Activity]) -> Iterator[Activity]:
        return map(self.meant_by, steps)
