"""Bodies in Kubernetes' protobuf encoding, as the real kubectl's imperative commands send them."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubelab.api.schema import protobuf

from .conftest import ApiServer

PROTOBUF = {"Content-Type": "application/vnd.kubernetes.protobuf"}
COMMANDS = [
    "configmap NAME --from-literal=a=b --from-literal=c=d",
    "secret generic NAME --from-literal=password=geheim",
    "deployment NAME --image=web:1 --replicas=0 --port=80 -- serve --now",
    "service clusterip NAME --tcp=80:8080",
    "service nodeport NAME --tcp=80:http",
    "service externalname NAME --external-name=example.org",
    "serviceaccount NAME",
    "role NAME --verb=get,list --resource=pods,services",
    "rolebinding NAME --role=r --user=u --serviceaccount=default:sa",
    "ingress NAME --rule=a.example.org/x*=web:80,tls=cert",
    "pdb NAME --selector=app=web --min-available=50%",
    "pdb NAME --selector=app=web --max-unavailable=1",
    "job NAME --image=web:1 -- check --now",
    "cronjob NAME --image=web:1 --schedule=@daily --restart=Never -- check --now",
]
RANDOM = ("uid", "resourceVersion", "creationTimestamp", "name", "clusterIP", "clusterIPs", "nodePort")
RANDOM += ("controller-uid", "batch.kubernetes.io/controller-uid")


def without_names(value: Any) -> Any:
    """An object without what differs between two objects of the same content."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key not in (*RANDOM, "managedFields")}
        return {key: without_names(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [without_names(item) for item in value]
    return "NAME" if value in ("one", "two") else value


@pytest.mark.parametrize("command", COMMANDS)
def test_create_makes_the_object_that_the_same_json_makes(api: ApiServer, namespace: str, command: str) -> None:
    by_protobuf = shlex.split(command.replace("NAME", "one"))
    separator = by_protobuf.index("--") if "--" in by_protobuf else len(by_protobuf)
    options = ["-n", namespace, "-o", "json"]
    made = json.loads(api.kubectl("create", *by_protobuf[:separator], *options, *by_protobuf[separator:]))
    dry = shlex.split(command.replace("NAME", "two"))
    document = api.kubectl("create", *dry[:separator], "--dry-run=client", *options, *dry[separator:])
    by_json = json.loads(api.kubectl("create", "-n", namespace, "-o", "json", "-f", "-", stdin=document))
    assert without_names(made) == without_names(by_json)


def test_create_namespace_and_can_i(api: ApiServer) -> None:
    assert api.kubectl("create", "namespace", "made-by-protobuf") == "namespace/made-by-protobuf created\n"
    assert api.kubectl("auth", "can-i", "get", "pods") == "yes\n"
    api.kubectl("delete", "namespace", "made-by-protobuf", "--wait=false")


@pytest.mark.parametrize("body", [b"", b"{}", b"k8s\0\xff", b"k8s\0\x0a\x05ab", b"k8s\0\x08\x01"])
def test_what_is_no_message_is_a_bad_request(api: ApiServer, namespace: str, body: bytes) -> None:
    answer = api.call("POST", f"/api/v1/namespaces/{namespace}/configmaps", body, headers=PROTOBUF)
    assert (answer.status, answer.body["reason"]) == (400, "BadRequest")


@given(st.sampled_from(sorted(protobuf.messages())), st.binary(max_size=60))
def test_no_bytes_lead_to_anything_but_an_object_or_a_refusal(name: str, data: bytes) -> None:
    try:
        json.dumps(protobuf.message(data, name))
    except ValueError:
        pass
