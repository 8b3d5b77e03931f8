"""From a request for a resource to its answer: one method for each verb and subresource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from . import bodies, fields, options, portforward, tables, views
from .admission import AwaitedAccount, await_default_account
from .authentication.accounts import AccountTokens
from .authentication.user import User
from .authorization.authorizer import Authorizer
from .exec import serve as serve_streams
from .kinds import Cluster, strategy_of
from .listing import Lister
from .logs import KubeletProxy
from .negotiation import form
from .patch.apply import MERGE_PATCH, PATCH_TYPES, SERVER_SIDE_TYPES, STRATEGIC_PATCH, patched
from .resources import PODS, Resource, is_stored
from .schema.decode import Decoder
from .status import (
    ApiError,
    bad_request,
    expired,
    invalid,
    method_not_allowed,
    success,
    too_large,
    unsupported_apply,
    unsupported_patch,
)
from .store import Entry, HistoryLost
from .target import Target
from .verbs.create import create
from .verbs.delete import DeleteOptions, delete
from .verbs.evict import evict
from .verbs.review import answered
from .verbs.special import bind, rescaled, scale_of
from .verbs.token import issued
from .verbs.update import check_uid, find, update
from .watching import Watch, event_line

Object = dict[str, Any]

BODY_LIMIT_BYTES = 3 * 1024 * 1024
WATCH_TIMEOUT_S = 1800
TOKENS = "authentication.k8s.io/v1"
COLLECTION_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
OBJECT_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what it is about, whom it is from, its parameters, its body."""

    request: web.BaseRequest
    target: Target
    user: User
    body: bytes = b""

    @property
    def query(self) -> Any:
        return self.request.query

    @property
    def resource(self) -> Resource:
        return self.target.resource

    @property
    def content_type(self) -> str:
        return self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def dry_run(self, kind: str) -> bool:
        return options.dry_run(kind, self.query.getall("dryRun", []))


def json_response(body: bytes, status: int = 200, warnings: list[str] | None = None) -> web.Response:
    response = web.Response(body=body, status=status, content_type="application/json")
    for warning in warnings or ():
        escaped = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{escaped}"')
    return response


def document_response(document: Object, status: int = 200) -> web.Response:
    return json_response(msgspec.json.encode(document), status)


async def read_body(request: web.BaseRequest) -> bytes:
    """Raises ApiError (400, 413)."""
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > BODY_LIMIT_BYTES:
                raise too_large(BODY_LIMIT_BYTES)
    except web.RequestPayloadError as error:
        raise bad_request(f"the body of the request cannot be read: {error}") from None
    return bytes(body)


class Handlers:
    """Answers requests for resources from one cluster's store."""

    def __init__(
        self, cluster: Cluster, kubelets: KubeletProxy, accounts: AccountTokens, authorizer: Authorizer
    ) -> None:
        self._cluster = cluster
        self._kubelets = kubelets
        self._accounts = accounts
        self._authorizer = authorizer
        self._lister = Lister(cluster.store)
        self._subresources: dict[tuple[str, str], Callable[[Call], web.Response]] = {
            ("binding", "POST"): self._bind,
            ("eviction", "POST"): self._evict,
            ("scale", "GET"): self._get_scale,
            ("scale", "PUT"): self._put_scale,
            ("scale", "PATCH"): self._patch_scale,
            ("status", "GET"): self._get,
            ("status", "PUT"): self._put,
            ("status", "PATCH"): self._patch,
            ("finalize", "PUT"): self._put,
            ("token", "POST"): self._issue_token,
        }
        self._verbs: dict[str, Callable[[Call], web.Response]] = {
            "get": self._get,
            "list": self._list,
            "create": self._create,
            "update": self._put,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }

    async def handle(self, request: web.BaseRequest, target: Target, user: User) -> web.StreamResponse:
        """Raises ApiError, DatabaseError."""
        if target.subresource == "log":
            if request.method != "GET":
                raise method_not_allowed()
            return await self._log(request, target)
        if target.subresource == "portforward":
            if request.method not in ("GET", "POST"):
                raise method_not_allowed()
            pod = find(self._cluster, PODS, target.namespace, target.name).value
            return await portforward.forward(request, pod, self._kubelets)
        if target.subresource in ("exec", "attach"):
            if request.method not in ("GET", "POST"):
                raise method_not_allowed()
            pod = find(self._cluster, PODS, target.namespace, target.name).value
            return await serve_streams(request, pod, self._kubelets, target.subresource)
        answer = self._choose(request.method, target)
        if answer == self._list and options.flag(request.query, "watch"):
            return await self._watch(Call(request, target, user))
        call = Call(request, target, user, await read_body(request))
        try:
            return answer(call)
        except AwaitedAccount:
            await await_default_account(self._cluster.store, target.namespace)
            return answer(call)

    def _choose(self, method: str, target: Target) -> Callable[[Call], web.Response]:
        if target.subresource:
            answer = self._subresources.get((target.subresource, method))
            if answer is None:
                raise method_not_allowed()
            return answer
        verb = (OBJECT_VERBS if target.name else COLLECTION_VERBS).get(method, "")
        everywhere = target.resource.namespaced and not target.namespace
        if verb not in target.resource.verbs or (verb in ("create", "deletecollection") and everywhere):
            raise method_not_allowed()
        if verb == "create" and not is_stored(target.resource):
            return self._bind if target.resource.kind == "Binding" else self._review
        return self._verbs[verb]

    # Reading

    def _get(self, call: Call) -> web.Response:
        entry = find(self._cluster, call.resource, call.target.namespace, call.target.name)
        return self._entries_response(call, [entry], None)

    def _list(self, call: Call) -> web.Response:
        page = self._lister.page(call.resource, call.target.namespace, options.list_options(call.resource, call.query))
        return self._entries_response(call, page.entries, page.metadata)

    def _entries_response(self, call: Call, entries: list[Entry], metadata: Object | None) -> web.Response:
        """One object (metadata is None) or a list, in the form that the client asked for."""
        resource = call.resource
        wanted = form(call.request.headers.get("Accept", ""))
        if wanted == "table":
            include = tables.include_object(call.query)
            table_metadata = metadata or {"resourceVersion": str(entries[0].revision)}
            return json_response(tables.table(resource, entries, table_metadata, include))
        if wanted == "metadata":
            return json_response(tables.partial(entries, metadata))
        if metadata is None:
            return json_response(views.entry_json(resource, entries[0]))
        items = b",".join(views.item_json(resource, entry) for entry in entries)
        head = b'{"kind":"%bList","apiVersion":"%b","metadata":%b,"items":[%b]}'
        encoded = msgspec.json.encode(metadata)
        return json_response(head % (resource.kind.encode(), resource.api_version.encode(), encoded, items))

    async def _watch(self, call: Call) -> web.StreamResponse:
        resource = call.resource
        wanted = options.watch_options(resource, call.query, WATCH_TIMEOUT_S)
        renderer = tables.renderer(resource, form(call.request.headers.get("Accept", "")), call.query)
        watch = Watch(self._cluster.store, resource, call.target.namespace, wanted, renderer)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(call.request)
        try:
            async for lines in watch.lines():
                await response.write(lines)
        except HistoryLost as lost:
            gone = expired(f"too old resource version: {wanted.revision} ({lost.oldest})")
            await response.write(event_line("ERROR", msgspec.json.encode(gone.status())))
        await response.write_eof()
        return response

    # Writing

    def _create(self, call: Call) -> web.Response:
        target, resource = call.target, call.resource
        dry_run = call.dry_run("CreateOptions")
        validation = options.field_validation("CreateOptions", call.query)
        value, warnings = read_value(call, validation)
        check_namespace(value, target)
        created = create(self._cluster, resource, target.namespace, value, dry_run)
        return json_response(views.value_json(resource, created), 201, warnings)

    def _put(self, call: Call) -> web.Response:
        target, resource = call.target, call.resource
        dry_run = call.dry_run("UpdateOptions")
        validation = options.field_validation("UpdateOptions", call.query)
        value, warnings = read_value(call, validation)
        check_name(value, target)

        def replaced(old: Object) -> Object:
            check_uid(resource, value, old)
            return value

        part = target.subresource
        updated = update(self._cluster, resource, target.namespace, target.name, replaced, part, dry_run)
        return json_response(views.value_json(resource, updated), 200, warnings)

    def _patch(self, call: Call) -> web.Response:
        target, resource = call.target, call.resource
        dry_run = call.dry_run("PatchOptions")
        validation = options.field_validation("PatchOptions", call.query)
        patch = read_patch(call)
        doubled = doubled_fields(call, validation)
        warnings: list[str] = []

        def change(value: Object) -> Object:
            document = views.with_type(resource, value)
            changed = patched(call.content_type, document, patch, resource.type_name)
            bodies.check_kind(changed, resource.kind, resource.api_version)
            result, found = bodies.conform(changed, resource, validation, doubled, partial(unfit_patch, changed))
            warnings.extend(found)
            check_name(result, target)
            return result

        part = target.subresource
        updated = update(self._cluster, resource, target.namespace, target.name, change, part, dry_run)
        return json_response(views.value_json(resource, updated), 200, warnings)

    def _delete(self, call: Call) -> web.Response:
        target, resource = call.target, call.resource
        wanted = options.delete_options(read_delete_options(call), call.query)
        last, gone = delete(self._cluster, resource, target.namespace, target.name, wanted)
        if not gone or strategy_of(resource.storage).returns_deleted:
            return json_response(views.value_json(resource, last), warnings=self._left_behind(resource, wanted))
        details = {
            "name": target.name,
            "group": resource.group,
            "kind": resource.plural,
            "uid": last["metadata"]["uid"],
        }
        return document_response(success(details={key: item for key, item in details.items() if item}))

    @staticmethod
    def _left_behind(resource: Resource, wanted: DeleteOptions) -> list[str]:
        """A warning to who may not know what a deletion without further words leaves."""
        if wanted.propagation or strategy_of(resource.storage).default_propagation != "Orphan":
            return []
        text = (
            f"child pods are preserved by default when {resource.plural} are deleted; set propagationPolicy=Background "
            "to remove them or set propagationPolicy=Orphan to suppress this warning"
        )
        return [text]

    def _delete_collection(self, call: Call) -> web.Response:
        resource = call.resource
        wanted = options.delete_options(read_delete_options(call), call.query)
        page = self._lister.page(resource, call.target.namespace, options.list_options(resource, call.query))
        for entry in page.entries:
            delete(self._cluster, resource, *entry.key, wanted)
        metadata = page.metadata | {"resourceVersion": str(self._cluster.store.revision)}
        return self._entries_response(call, page.entries, metadata)

    # Subresources

    def _bind(self, call: Call) -> web.Response:
        target = call.target
        document = bodies.read_object(call.body, call.content_type, PODS, "Binding", "v1")
        binding = Decoder().read(document, "Binding")
        name = target.name or binding.get("metadata", {}).get("name", "")
        bind(self._cluster, target.namespace, name, binding, call.dry_run("CreateOptions"))
        return document_response(success(201), 201)

    def _evict(self, call: Call) -> web.Response:
        target = call.target
        document = bodies.read_object(call.body, call.content_type, PODS, "Eviction", "policy/v1")
        eviction = Decoder().read(document, "Eviction")
        if eviction.get("metadata", {}).get("name") != target.name:
            raise bad_request("name in URL does not match name in Eviction object")
        dry_run = {"dryRun": call.query.getall("dryRun", [])}
        wanted = options.delete_options(dry_run | eviction.get("deleteOptions", {}), {})
        evict(self._cluster, target.namespace, target.name, wanted)
        return document_response(success(201), 201)

    def _get_scale(self, call: Call) -> web.Response:
        entry = find(self._cluster, call.resource, call.target.namespace, call.target.name)
        return document_response(scale_of(entry.value))

    def _put_scale(self, call: Call) -> web.Response:
        document = bodies.read_object(call.body, call.content_type, call.resource, "Scale", "autoscaling/v1")
        return self._rescale(call, lambda _: document, "UpdateOptions")

    def _patch_scale(self, call: Call) -> web.Response:
        patch = read_patch(call)
        return self._rescale(call, lambda scale: patched(call.content_type, scale, patch, "Scale"), "PatchOptions")

    def _rescale(self, call: Call, change: Callable[[Object], Object], options_kind: str) -> web.Response:
        target, resource = call.target, call.resource

        def apply(value: Object) -> Object:
            scale = Decoder().read(change(scale_of(value)), "Scale")
            return rescaled(value, scale, target.name)

        dry_run = call.dry_run(options_kind)
        updated = update(self._cluster, resource, target.namespace, target.name, apply, dry_run=dry_run)
        return document_response(scale_of(updated))

    def _review(self, call: Call) -> web.Response:
        document = bodies.read_object(call.body, call.content_type, call.resource)
        review, warnings = bodies.conform(document, call.resource)
        answer = answered(review, call.resource, call.user, self._authorizer)
        return json_response(views.value_json(call.resource, answer), 201, warnings)

    def _issue_token(self, call: Call) -> web.Response:
        target = call.target
        document = bodies.read_object(call.body, call.content_type, call.resource, "TokenRequest", TOKENS)
        request = Decoder().read(document, "AuthenticationTokenRequest")
        answer = issued(self._cluster, self._accounts, call.user, target.namespace, target.name, request)
        return document_response({"kind": "TokenRequest", "apiVersion": TOKENS, **answer}, 201)

    async def _log(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        pod = find(self._cluster, PODS, target.namespace, target.name).value
        return await self._kubelets.log(request, pod)


def check_namespace(value: Object, target: Target) -> None:
    """Raises ApiError (400) for a body that names another namespace than the URL."""
    given = value["metadata"].get("namespace")
    if given and given != target.namespace and target.resource.namespaced:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def check_name(value: Object, target: Target) -> None:
    """Raises ApiError (400) for a body that is about another object than the URL."""
    name = value["metadata"].setdefault("name", target.name)
    if name != target.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({target.name})")
    check_namespace(value, target)


def read_value(call: Call, validation: str) -> tuple[Object, list[str]]:
    """The object in the body, as it may be stored, and warnings. Raises ApiError (400, 413, 415)."""
    document = bodies.read_object(call.body, call.content_type, call.resource)
    return bodies.conform(document, call.resource, validation, doubled_fields(call, validation))


def doubled_fields(call: Call, validation: str) -> list[str]:
    """What is twice in a body that is a JSON object, if the client wants to know."""
    is_json = call.content_type in (*bodies.JSON_TYPES, MERGE_PATCH, STRATEGIC_PATCH)
    return bodies.doubled_fields(call.body) if is_json and validation != "Ignore" else []


def unfit_patch(changed: Object, why: str) -> ApiError:
    """422 for a patch that makes something else than an object of its kind."""
    text = msgspec.json.encode(changed).decode()
    return invalid("", "", "", [fields.invalid("patch", text, why)])


def read_patch(call: Call) -> Any:
    """Raises ApiError (400, 415)."""
    if call.content_type in SERVER_SIDE_TYPES:
        raise unsupported_apply(PATCH_TYPES)
    if call.content_type not in PATCH_TYPES:
        raise unsupported_patch()
    try:
        return bodies.parse_json(call.body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from None


def read_delete_options(call: Call) -> Any:
    """The body of a DELETE, None if it has none. Raises ApiError (400, 415)."""
    if not call.body.strip():
        return None
    try:
        document = bodies.parse(call.body, call.content_type)
    except ValueError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from None
    if not isinstance(document, dict) or document.get("kind", "DeleteOptions") != "DeleteOptions":
        raise bad_request("the body of a DELETE must be DeleteOptions")
    return document
