"""Tokens of ServiceAccounts in a pod's volumes: asked for, and asked for again in good time.

After kubernetes/pkg/kubelet/token/token_manager.go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubelab.client import Client
from kubelab.errors import ApiError
from kubelab.kinds import SERVICE_ACCOUNTS, Object
from kubelab.kubeconfig import write_private

log = logging.getLogger(__name__)

RENEW_SHARE = 0.8
"""A token is renewed when this share of its time has passed, or LONGEST_S, whichever comes first."""
LONGEST_S = 24 * 3600.0
RETRY_S = 60.0
"""How long until a token that could not be renewed is tried again."""
DEFAULT_S = 3600


@dataclass
class TokenFile:
    """One file, what it was asked for with, and when it is due again, by the clock of the event loop."""

    path: Path
    source: Mapping[str, Any]
    due: float = 0.0


class Tokens:
    """The tokens of one pod, bound to it: they are good for nothing when it is gone."""

    def __init__(self, client: Client, pod: Object) -> None:
        self._client = client
        self._pod = pod
        self._files: dict[Path, TokenFile] = {}

    async def write(self, path: Path, source: Mapping[str, Any]) -> None:
        """Writes a token as a serviceAccountToken source asks for it. Raises ApiError, OSError."""
        file = TokenFile(path, source)
        await self._renew(file)
        self._files[path] = file

    async def keep(self) -> None:
        """Renews what was written, for ever."""
        now = asyncio.get_running_loop().time
        while True:
            wait_s = min((file.due for file in self._files.values()), default=now() + RETRY_S) - now()
            await asyncio.sleep(max(0.0, wait_s))
            for file in [file for file in self._files.values() if file.due <= now()]:
                try:
                    await self._renew(file)
                except (ApiError, OSError) as e:
                    log.warning("token %s: %s", file.path, e)
                    file.due = now() + RETRY_S

    async def _renew(self, file: TokenFile) -> None:
        metadata = self._pod["metadata"]
        bound = {"kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"]}
        spec: Object = {"expirationSeconds": file.source.get("expirationSeconds", DEFAULT_S), "boundObjectRef": bound}
        if audience := file.source.get("audience"):
            spec["audiences"] = [audience]
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        account = self._pod["spec"].get("serviceAccountName") or "default"
        answer = await self._client.post(SERVICE_ACCOUNTS, account, metadata["namespace"], "token", request)
        write_private(file.path, answer["status"]["token"])
        good_s = min(answer["spec"]["expirationSeconds"] * RENEW_SHARE, LONGEST_S)
        file.due = asyncio.get_running_loop().time() + good_s
