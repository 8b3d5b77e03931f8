"""The volumes of a pod as directories on this machine."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kubelab.client import Client
from kubelab.errors import ApiError
from kubelab.kinds import CLAIMS, CONFIG_MAPS, SECRETS, VOLUMES, Object
from kubelab.node.environment import field_value
from kubelab.node.tokens import Tokens


class MountError(Exception):
    """A volume cannot be made ready (yet); the message is Kubernetes' own."""


class Mounts:
    """Makes a pod's volumes under its directory; `paths` maps the names of volumes to directories."""

    def __init__(self, client: Client, pod: Object, directory: Path) -> None:
        self.paths: dict[str, Path] = {}
        self.tokens = Tokens(client, pod)
        self._client = client
        self._pod = pod
        self._namespace: str = pod["metadata"]["namespace"]
        self._directory = directory / "volumes"

    async def make(self) -> None:
        """Makes every volume. Raises MountError."""
        for volume in self._pod["spec"].get("volumes") or ():
            name = volume["name"]
            try:
                self.paths[name] = await self._make(volume, self._directory / name)
            except MountError as e:
                raise MountError(f'MountVolume.SetUp failed for volume "{name}" : {e}') from None
            except ApiError as e:
                raise MountError(f'MountVolume.SetUp failed for volume "{name}" : {e.message}') from None

    def of(self, container: Mapping[str, Any]) -> dict[str, Path]:
        """mountPath -> directory (or, for a subPath, what is below it)."""
        return {m["mountPath"]: self._mount(m) for m in container.get("volumeMounts") or ()}

    def _mount(self, mount: Mapping[str, Any]) -> Path:
        path: Path = self.paths[mount["name"]]
        below = mount.get("subPath")
        if not below:
            return path
        if ".." in Path(below).parts or Path(below).is_absolute():
            raise MountError(f'subPath "{below}" must be a relative path without ".."')
        inside: Path = path / below
        if not inside.exists():
            inside.mkdir(parents=True)
        return inside

    async def _make(self, volume: Mapping[str, Any], path: Path) -> Path:
        match volume:
            case {"persistentVolumeClaim": claim}:
                return await self._claimed(claim["claimName"])
            case {"hostPath": source}:
                return _host_path(source)
            case {"secret": secret}:
                return _write(path, await self._secret(secret, secret.get("secretName")), mode=0o600)
            case {"configMap": config_map}:
                return _write(path, await self._config_map(config_map))
            case {"downwardAPI": downward}:
                return _write(path, self._downward(downward))
            case {"projected": projected}:
                _write(path, await self._projected(projected))
                await self._write_tokens(path, projected)
                return path
            case {"emptyDir": _}:
                path.mkdir(parents=True, exist_ok=True)
                return path
        kinds = ", ".join(k for k in volume if k != "name") or "none"
        raise MountError(f"this lab has no volumes of type {kinds}")

    async def _claimed(self, name: str) -> Path:
        claim = await self._client.get(CLAIMS, name, self._namespace)
        if claim.get("status", {}).get("phase") != "Bound":
            raise MountError(f'persistentvolumeclaim "{name}" is not bound')
        volume = await self._client.get(VOLUMES, claim["spec"]["volumeName"])
        for source in ("hostPath", "local"):
            if source in volume["spec"]:
                return _host_path(volume["spec"][source] | {"type": "DirectoryOrCreate"})
        raise MountError(f'persistentvolume "{volume["metadata"]["name"]}" is neither hostPath nor local')

    async def _secret(self, source: Mapping[str, Any], name: str | None = None) -> dict[str, bytes]:
        found = await self._get(SECRETS, "secret", source, name or source.get("name", ""))
        data = {k: base64.b64decode(v) for k, v in (found.get("data") or {}).items()}
        return _selected(data, source, "secret")

    async def _config_map(self, source: Mapping[str, Any]) -> dict[str, bytes]:
        found = await self._get(CONFIG_MAPS, "configmap", source, source.get("name", ""))
        data = {k: v.encode() for k, v in (found.get("data") or {}).items()}
        data |= {k: base64.b64decode(v) for k, v in (found.get("binaryData") or {}).items()}
        return _selected(data, source, "configmap")

    async def _get(self, kind: Any, what: str, source: Mapping[str, Any], name: str) -> Object:
        try:
            return await self._client.get(kind, name, self._namespace)
        except ApiError as e:
            if e.not_found and source.get("optional"):
                return {}
            raise MountError(f'{what} "{name}" not found' if e.not_found else e.message) from None

    def _downward(self, source: Mapping[str, Any]) -> dict[str, bytes]:
        items = source.get("items") or ()
        return {i["path"]: field_value(self._pod, i["fieldRef"]["fieldPath"]).encode() for i in items}

    async def _projected(self, source: Mapping[str, Any]) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        for part in source.get("sources") or ():
            if "secret" in part:
                files |= await self._secret(part["secret"])
            elif "configMap" in part:
                files |= await self._config_map(part["configMap"])
            elif "downwardAPI" in part:
                files |= self._downward(part["downwardAPI"])
        return files

    async def _write_tokens(self, path: Path, source: Mapping[str, Any]) -> None:
        for part in source.get("sources") or ():
            if token := part.get("serviceAccountToken"):
                await self.tokens.write(_inside(path, token["path"]), token)


def _host_path(source: Mapping[str, Any]) -> Path:
    path = Path(source["path"])
    if source.get("type") == "DirectoryOrCreate":
        path.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        raise MountError(f'hostPath "{path}" does not exist')
    return path


def _selected(data: dict[str, bytes], source: Mapping[str, Any], what: str) -> dict[str, bytes]:
    """All keys as files, or the listed ones under their paths."""
    if not source.get("items"):
        return data
    missing = [i["key"] for i in source["items"] if i["key"] not in data]
    if missing and not source.get("optional"):
        raise MountError(f"{what} references non-existent config key: {missing[0]}")
    return {i["path"]: data[i["key"]] for i in source["items"] if i["key"] in data}


def _write(path: Path, files: Mapping[str, bytes], mode: int = 0o644) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        file = _inside(path, name)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
            out.write(content)
    return path


def _inside(path: Path, name: str) -> Path:
    """A file of a volume; its folder is there. Raises MountError."""
    file = path / name
    if not file.resolve().is_relative_to(path.resolve()):
        raise MountError(f'path "{name}" leads out of the volume')
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def remove(directory: Path) -> None:
    """Removes a pod's directory with its emptyDirs; claimed volumes and host paths lie elsewhere."""
    shutil.rmtree(directory, ignore_errors=True)
