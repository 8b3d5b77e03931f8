"""Reads manifests and applies them: creates what is not there, merges into what is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubelab.client import Client
from kubelab.errors import ApiError, ApiUnreachable, ManifestError
from kubelab.kinds import Kind, Object

SUFFIXES = (".yaml", ".yml", ".json")
STRATEGIC_GROUPS = ("v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1", "storage.k8s.io/v1")
"""API versions whose kinds have strategic merge patch; others get a JSON merge patch."""


@dataclass(frozen=True)
class Manifest:
    """One object, and the file that it came from."""

    obj: Object
    file: Path

    @property
    def title(self) -> str:
        return f"{self.obj['kind']}/{self.obj['metadata']['name']}"


def read(paths: Iterable[Path]) -> list[Manifest]:
    """The objects of files and folders (*.yaml, *.yml and *.json in them, not below), namespaces first.

    Raises ManifestError.
    """
    found = [manifest for path in paths for file in _files(path) for manifest in _read_file(file)]
    return sorted(found, key=lambda m: m.obj["kind"] != "Namespace")


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.suffix in SUFFIXES and f.is_file())
        if not files:
            raise ManifestError(f"{path} holds no manifest ({', '.join('*' + s for s in SUFFIXES)})")
        return files
    if not path.exists():
        raise ManifestError(f"cannot apply {path}: there is no such file or folder")
    return [path]


def _read_file(file: Path) -> list[Manifest]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = [d for d in yaml.load_all(file.read_text(), Loader=loader) if d is not None]
    except yaml.YAMLError as e:
        raise ManifestError(f"{file} is no YAML: {_one_line(e)}") from None
    except (OSError, UnicodeDecodeError) as e:
        raise ManifestError(f"cannot read {file}: {_one_line(e)}") from None
    objects = [obj for document in documents for obj in _expanded(document, file)]
    return [Manifest(obj, file) for obj in objects]


def _expanded(document: Any, file: Path) -> list[Object]:
    """A document is an object or a List of objects."""
    if isinstance(document, dict) and document.get("kind") == "List":
        return [obj for item in document.get("items") or () for obj in _expanded(item, file)]
    complete = (
        isinstance(document, dict)
        and isinstance(document.get("apiVersion"), str)
        and isinstance(document.get("kind"), str)
        and isinstance(document.get("metadata"), dict)
        and isinstance(document["metadata"].get("name"), str)
    )
    if not complete:
        raise ManifestError(f"{file} holds something that is no Kubernetes object (apiVersion, kind, metadata.name)")
    return [document]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


class Applier:
    """Applies manifests to one cluster."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kinds: dict[tuple[str, str], Kind] = {}

    async def apply(self, manifest: Manifest) -> tuple[Kind, Object]:
        """Creates the object, or patches the one that is there. Raises ManifestError and ApiUnreachable."""
        obj = manifest.obj
        kind = await self._kind(manifest)
        if kind.namespaced and not obj["metadata"].get("namespace"):
            obj = obj | {"metadata": obj["metadata"] | {"namespace": "default"}}
        try:
            try:
                return kind, await self._client.create(kind, obj, {"fieldValidation": "Strict"})
            except ApiError as e:
                if not e.already_exists:
                    raise
            metadata = obj["metadata"]
            patch_type = "strategic" if kind.api_version in STRATEGIC_GROUPS else "merge"
            patched = await self._client.patch(
                kind, metadata["name"], obj, metadata.get("namespace", ""), patch_type=patch_type
            )
        except ApiUnreachable:
            raise
        except ApiError as e:
            raise ManifestError(f"{manifest.file}: {manifest.title} was refused: {e.message}") from None
        return kind, patched

    async def _kind(self, manifest: Manifest) -> Kind:
        api_version, name = manifest.obj["apiVersion"], manifest.obj["kind"]
        if (api_version, name) not in self._kinds:
            kind = await self._client.discover(api_version, name)
            if kind is None:
                raise ManifestError(f"{manifest.file}: the cluster knows no kind {name} in {api_version}")
            self._kinds[api_version, name] = kind
        return self._kinds[api_version, name]
