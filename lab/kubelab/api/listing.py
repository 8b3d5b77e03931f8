"""Lists: a consistent state of a collection, in pages if the client wants them."""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from .options import ListOptions
from .resources import Resource
from .status import ApiError, bad_request, expired, revision_too_large
from .store import Entry, HistoryLost, Key, Store

KEPT_SNAPSHOTS = 32
TOKEN_VERSION = "meta.k8s.io/v1"
TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You must start a new list without "
    "the continue parameter."
)


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a list; metadata: as in the answer."""

    entries: list[Entry]
    metadata: dict[str, Any]


class Lister:
    """Answers lists from the store, and keeps the state of a list until its last page was read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshots: OrderedDict[tuple[str, int], list[Entry]] = OrderedDict()

    def page(self, resource: Resource, namespace: str, options: ListOptions) -> Page:
        """Raises ApiError: 400, 410 or 504 for a state that is not to be had."""
        after: Key | None = None
        if options.continue_token:
            revision, after = read_token(options.continue_token)
            entries = self._snapshot(resource, revision)
        elif options.exact:
            revision = options.revision
            entries = self._state_at(resource, revision)
        else:
            revision = self._store.revision
            if options.revision > revision:
                raise revision_too_large(options.revision, revision)
            entries = self._store.entries(resource.storage, namespace)
        chosen = [entry for entry in entries if not namespace or entry.key[0] == namespace]
        if after is not None:
            chosen = [entry for entry in chosen if entry.key > after]
        if options.selected:
            chosen = [entry for entry in chosen if options.selected.matches(entry.value)]
        return self._page(resource, chosen, revision, options)

    def _page(self, resource: Resource, chosen: list[Entry], revision: int, options: ListOptions) -> Page:
        metadata: dict[str, Any] = {"resourceVersion": str(revision)}
        if not options.limit or len(chosen) <= options.limit:
            return Page(chosen, metadata)
        page = chosen[: options.limit]
        self._remember(resource, revision)
        metadata["continue"] = write_token(revision, page[-1].key)
        if not options.selected:
            metadata["remainingItemCount"] = len(chosen) - len(page)
        return Page(page, metadata)

    def _remember(self, resource: Resource, revision: int) -> None:
        key = (resource.storage, revision)
        if key not in self._snapshots:
            self._snapshots[key] = self._state_at(resource, revision)
        self._snapshots.move_to_end(key)
        while len(self._snapshots) > KEPT_SNAPSHOTS:
            self._snapshots.popitem(last=False)

    def _snapshot(self, resource: Resource, revision: int) -> list[Entry]:
        kept = self._snapshots.get((resource.storage, revision))
        return kept if kept is not None else self._state_at(resource, revision, TOO_OLD)

    def _state_at(self, resource: Resource, revision: int, too_old: str = "") -> list[Entry]:
        """The collection as it was: the present one with the changes since then taken back."""
        if revision > self._store.revision:
            raise revision_too_large(revision, self._store.revision)
        try:
            changes = self._store.changes_since(resource.storage, revision)
        except HistoryLost as lost:
            raise expired(too_old or f"The resourceVersion for the provided list is too old: {lost}") from None
        state = {entry.key: entry for entry in self._store.entries(resource.storage)}
        for change in reversed(changes):
            if change.previous is None:
                state.pop(change.entry.key, None)
            else:
                state[change.entry.key] = change.previous
        return sorted(state.values(), key=lambda entry: entry.key)


def write_token(revision: int, last: Key) -> str:
    text = json.dumps({"v": TOKEN_VERSION, "rv": revision, "start": "/".join(last) + "\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_token(token: str) -> tuple[int, Key]:
    """The state's resource version and the last key that was read. Raises ApiError (400)."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise _bad_token("illegal base64 data at input byte 0") from None
    try:
        document = json.loads(raw)
        namespace, _, name = document["start"].rstrip("\0").partition("/")
        return int(document["rv"]), (namespace, name)
    except (ValueError, KeyError, TypeError, AttributeError):
        first = chr(raw[0]) if raw else ""
        raise _bad_token(f"invalid character '{first}' looking for beginning of value") from None


def _bad_token(why: str) -> ApiError:
    return bad_request(f"invalid continue token: continue key is not valid: {why}")
