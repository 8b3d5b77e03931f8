"""Writes protobuf.json from the Go types of the Kubernetes API: which number stands for which field.

A tool for developers: `python -m kubelab.api.schema.generate_protobuf API APIMACHINERY`, two git repositories
(github.com/kubernetes/api and /apimachinery). Field numbers are part of the API and never change; new ones come.

    {"core/v1.Pod": [[1, "metadata", "meta/v1.ObjectMeta", 0], ...]}    number, name in JSON, type, when it is left out

The name of a field that JSON shows as part of its owner is empty. A type is one of the words of decode.py, or message.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

PACKAGES = (
    *("core/v1", "apps/v1", "policy/v1", "discovery/v1", "events/v1", "networking/v1", "coordination/v1"),
    *("batch/v1", "rbac/v1", "storage/v1", "authorization/v1", "authentication/v1", "autoscaling/v1"),
    "scheduling/v1alpha3",
)
META = "meta/v1"
ROOTS = (
    *("core/v1.Namespace", "core/v1.Node", "core/v1.Pod", "core/v1.Binding", "core/v1.Service", "core/v1.Endpoints"),
    *("core/v1.ConfigMap", "core/v1.Secret", "core/v1.ServiceAccount", "core/v1.PersistentVolumeClaim"),
    *("core/v1.PersistentVolume", "core/v1.Event", "apps/v1.StatefulSet", "apps/v1.Deployment", "apps/v1.ReplicaSet"),
    *("apps/v1.ControllerRevision", "discovery/v1.EndpointSlice", "policy/v1.PodDisruptionBudget"),
    *("policy/v1.Eviction", "networking/v1.Ingress", "networking/v1.IngressClass", "networking/v1.NetworkPolicy"),
    *("storage/v1.StorageClass", "coordination/v1.Lease", "events/v1.Event", "rbac/v1.Role", "rbac/v1.RoleBinding"),
    *("rbac/v1.ClusterRole", "rbac/v1.ClusterRoleBinding", "authorization/v1.SelfSubjectAccessReview"),
    *("authorization/v1.SelfSubjectRulesReview", "authorization/v1.SubjectAccessReview"),
    *("authentication/v1.SelfSubjectReview", "authentication/v1.TokenRequest"),
    *("autoscaling/v1.Scale", "meta/v1.DeleteOptions", "batch/v1.Job", "batch/v1.CronJob"),
)
SCALARS = {
    **{name: name for name in ("string", "bool", "int32", "int64")},
    "[]byte": "bytes",
    "uint8": "int32",
    "int": "int64",
    "types.UID": "string",
    "types.NodeName": "string",
}
SPECIAL = {
    "meta/v1.Time": "time",
    "meta/v1.MicroTime": "microtime",
    "meta/v1.FieldsV1": "raw",
    "resource.Quantity": "quantity",
    "intstr.IntOrString": "intorstring",
    "runtime.RawExtension": "raw",
}
ALIASES = {
    "metav1": META,
    "v1": "core/v1",
    "corev1": "core/v1",
    "rbac": "rbac/v1",
    "schedulingv1alpha3": "scheduling/v1alpha3",
}
STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^type (\w+) (\S+)$", re.MULTILINE)
FIELD = re.compile(r'^\t(?:\w+\s+)?([\w.*\[\]]+)\s+`json:"([^"]*)"[^`\n]* ?protobuf:"[^,"]+,(\d+),', re.MULTILINE)
Field = tuple[int, str, str, int]


class Sources:
    """Go declarations by package and name."""

    def __init__(self, api: Path, machinery: Path) -> None:
        self.structs: dict[str, str] = {}
        self.named: dict[str, str] = {}
        for package in PACKAGES:
            self._read(package, api, f"{package}/types.go")
        self._read(META, machinery, "pkg/apis/meta/v1/types.go")

    def _read(self, package: str, repository: Path, path: str) -> None:
        command = ["git", "-C", str(repository), "show", f"HEAD:{path}"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.structs |= {f"{package}.{name}": body for name, body in STRUCT.findall(text)}
        self.named |= {f"{package}.{name}": target for name, target in NAMED.findall(text) if target != "struct"}

    def word(self, package: str, go_type: str) -> str:
        """A Go type as a word of decode.py, or as the full name of a message. Raises KeyError."""
        if go_type in SCALARS:
            return SCALARS[go_type]
        if go_type.startswith("*"):
            return self.word(package, go_type[1:])
        if go_type.startswith("[]"):
            return "list:" + self.word(package, go_type[2:])
        if found := re.fullmatch(r"map\[([\w.]+)\](.+)", go_type):
            return "map:" + self.word(package, found[2])
        full = self._full(package, go_type)
        if full in SPECIAL:
            return SPECIAL[full]
        if full in self.named:
            return self.word(full.rpartition(".")[0], self.named[full])
        if full not in self.structs:
            raise KeyError(f"{go_type} of {package} is not known")
        return full

    @staticmethod
    def _full(package: str, go_type: str) -> str:
        alias, _, name = go_type.rpartition(".")
        return f"{ALIASES.get(alias, alias) or package}.{name}"

    def fields(self, message: str) -> list[Field]:
        package = message.rpartition(".")[0]
        found = []
        for go_type, tag, number in FIELD.findall(self.structs[message]):
            name, _, rest = tag.partition(",")
            omitted = "omitempty" in rest and not go_type.startswith("*")
            found.append((int(number), name, self.word(package, go_type), int(omitted)))
        return found


def generate(sources: Sources) -> dict[str, list[Field]]:
    """Every message that is reachable from ROOTS."""
    messages: dict[str, list[Field]] = {}
    pending = list(ROOTS)
    while pending:
        message = pending.pop()
        if message not in messages:
            messages[message] = sources.fields(message)
            inner = (word.rpartition(":")[2] for _, _, word, _ in messages[message])
            pending += [word for word in inner if word in sources.structs]
    return dict(sorted(messages.items()))


if __name__ == "__main__":
    made = generate(Sources(Path(sys.argv[1]), Path(sys.argv[2])))
    lines = (f"{json.dumps(name)}: {json.dumps(fields, separators=(',', ':'))}" for name, fields in made.items())
    Path(__file__).with_name("protobuf.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
