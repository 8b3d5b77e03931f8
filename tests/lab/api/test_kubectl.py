"""The real kubectl takes the server for Kubernetes."""

from __future__ import annotations

import json
from typing import Any

import yaml

from .conftest import ApiServer

LABELS = {"app": "web"}
CONTAINER = {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER]}}
OBJECTS: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"k": "v"}},
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password"}, "stringData": {"k": "v"}},
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": LABELS, "type": "LoadBalancer", "ports": [{"port": 80, "targetPort": 8080}]},
    },
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {"serviceName": "db", "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": {
            "rules": [
                {
                    "host": "web.example.org",
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "web", "port": {"number": 80}}},
                            }
                        ]
                    },
                }
            ]
        },
    },
    {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": LABELS}},
    },
]


def manifest(objects: list[dict[str, Any]] = OBJECTS) -> str:
    return yaml.safe_dump_all(objects)


def header(output: str) -> list[str]:
    return output.splitlines()[0].split()


def test_create_get_and_delete_of_a_manifest(api: ApiServer, namespace: str) -> None:
    created = api.kubectl("create", "-n", namespace, "-f", "-", stdin=manifest())
    assert created.count(" created") == len(OBJECTS)
    assert "already exists" in api.kubectl("create", "-n", namespace, "-f", "-", stdin=manifest(), fails=True)
    listed = api.kubectl("get", "-n", namespace, "all", "-o", "name").split()
    assert listed == ["service/web", "deployment.apps/web", "statefulset.apps/db"]
    deleted = api.kubectl("delete", "-n", namespace, "-f", "-", "--wait=false", stdin=manifest())
    assert deleted.count(" deleted") == len(OBJECTS)
    assert api.kubectl("get", "-n", namespace, "all", "-o", "name") == ""


def test_apply_again_changes_what_was_changed_and_nothing_else(api: ApiServer, namespace: str) -> None:
    api.kubectl("apply", "-n", namespace, "-f", "-", stdin=manifest())
    again = api.kubectl("apply", "-n", namespace, "-f", "-", stdin=manifest())
    # against any server, kubectl sends stringData and the selector of a budget anew each time
    assert again.count(" unchanged") == len(OBJECTS) - 2
    changed = json.loads(json.dumps(OBJECTS))
    changed[4]["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}]
    del changed[0]["data"]["k"]
    output = api.kubectl("apply", "-n", namespace, "-f", "-", stdin=manifest(changed))
    assert "deployment.apps/web configured" in output and "configmap/settings configured" in output
    assert "service/web unchanged" in output
    assert "data" not in api.get(f"/api/v1/namespaces/{namespace}/configmaps/settings").body
    found = api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web").body["spec"]["template"]["spec"]
    assert found["containers"][0]["env"] == [{"name": "A", "value": "1"}]
    assert found["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]


def test_apply_refuses_a_field_that_does_not_exist(api: ApiServer, namespace: str) -> None:
    wrong = json.loads(json.dumps(OBJECTS[4]))
    wrong["spec"]["replica"] = 3
    message = api.kubectl("apply", "-n", namespace, "-f", "-", stdin=manifest([wrong]), fails=True)
    assert 'unknown field "spec.replica"' in message


COLUMNS = {
    "pods": "NAME READY STATUS RESTARTS AGE",
    "deployments": "NAME READY UP-TO-DATE AVAILABLE AGE",
    "statefulsets": "NAME READY AGE",
    "services": "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE",
    "configmaps": "NAME DATA AGE",
    "secrets": "NAME TYPE DATA AGE",
    "pvc": "NAME STATUS VOLUME CAPACITY ACCESS MODES STORAGECLASS VOLUMEATTRIBUTESCLASS AGE",
    "ingress": "NAME CLASS HOSTS ADDRESS PORTS AGE",
    "pdb": "NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE",
}


def test_columns_are_those_that_people_know(api: ApiServer, namespace: str) -> None:
    api.kubectl("create", "-n", namespace, "-f", "-", stdin=manifest())
    api.kubectl("run", "-n", namespace, "p", "--image=i")
    shown = {resource: header(api.kubectl("get", "-n", namespace, resource)) for resource in COLUMNS}
    assert shown == {resource: columns.split() for resource, columns in COLUMNS.items()}


def test_output_formats_and_selectors(api: ApiServer, namespace: str) -> None:
    api.kubectl("create", "-n", namespace, "-f", "-", stdin=manifest())
    assert api.kubectl("get", "-n", namespace, "svc", "web", "-o", "jsonpath={.spec.ports[0].targetPort}") == "8080"
    assert yaml.safe_load(api.kubectl("get", "-n", namespace, "cm", "settings", "-o", "yaml"))["data"] == {"k": "v"}
    api.kubectl("label", "-n", namespace, "cm", "settings", "color=red")
    chosen = ("get", "-n", namespace, "cm", "-o", "name")
    assert api.kubectl(*chosen, "-l", "color=red") == "configmap/settings\n"
    assert api.kubectl(*chosen, "-l", "color!=red") == ""
    assert api.kubectl(*chosen, "--field-selector", "metadata.name=settings") == "configmap/settings\n"


def test_label_annotate_patch_and_scale(api: ApiServer, namespace: str) -> None:
    api.kubectl("create", "-n", namespace, "-f", "-", stdin=manifest())
    url = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    api.kubectl("label", "-n", namespace, "deployment", "web", "color=red")
    api.kubectl("annotate", "-n", namespace, "deployment", "web", "note=text")
    api.kubectl("patch", "-n", namespace, "deployment", "web", "-p", '{"spec":{"minReadySeconds":5}}')
    api.kubectl("scale", "-n", namespace, "deployment", "web", "--replicas=10")
    api.kubectl("set", "image", "-n", namespace, "deployment/web", "web=web:2")
    found = api.get(url).body
    assert found["metadata"]["labels"] == {"color": "red"} and found["metadata"]["annotations"] == {"note": "text"}
    assert (found["spec"]["minReadySeconds"], found["spec"]["replicas"]) == (5, 10)
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "web:2"
    api.kubectl("label", "-n", namespace, "deployment", "web", "color-")
    assert "labels" not in api.get(url).body["metadata"]


def test_cordon_taint_and_describe_of_a_node(api: ApiServer) -> None:
    api.post("/api/v1/nodes", {"metadata": {"name": "kubectl"}})
    api.kubectl("cordon", "kubectl")
    assert "SchedulingDisabled" in api.kubectl("get", "node", "kubectl")
    api.kubectl("uncordon", "kubectl")
    api.kubectl("taint", "node", "kubectl", "a=b:NoSchedule")
    not_ready = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}  # it has not said that it is
    taints = api.get("/api/v1/nodes/kubectl").body["spec"]["taints"]
    assert sorted(taints, key=lambda taint: str(taint["key"])) == [
        {"key": "a", "value": "b", "effect": "NoSchedule"},
        not_ready,
    ]
    assert "a=b:NoSchedule" in api.kubectl("describe", "node", "kubectl")
    api.delete("/api/v1/nodes/kubectl")


def test_describe_shows_the_objects_events(api: ApiServer, namespace: str) -> None:
    api.kubectl("run", "-n", namespace, "p", "--image=i")
    uid = api.get(f"/api/v1/namespaces/{namespace}/pods/p").body["metadata"]["uid"]
    event = {
        "metadata": {"name": "p.1"},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "p", "uid": uid},
        "reason": "Noticed",
        "message": "something happened",
        "type": "Normal",
    }
    api.post(f"/api/v1/namespaces/{namespace}/events", event)
    assert "something happened" in api.kubectl("describe", "-n", namespace, "pod", "p")


def test_wait_sees_a_condition_and_a_deletion(api: ApiServer, namespace: str) -> None:
    api.kubectl("run", "-n", namespace, "p", "--image=i")
    status = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    api.patch(f"/api/v1/namespaces/{namespace}/pods/p/status", status)
    assert "condition met" in api.kubectl("wait", "-n", namespace, "pod/p", "--for=condition=Ready", "--timeout=5s")
    assert "deleted" in api.kubectl("delete", "-n", namespace, "pod", "p", "--timeout=5s")


def test_rollout_status_watches_until_it_is_done(api: ApiServer, namespace: str) -> None:
    api.kubectl("create", "-n", namespace, "-f", "-", stdin=manifest())
    counts = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1, "observedGeneration": 1}
    url = f"/apis/apps/v1/namespaces/{namespace}/deployments/web/status"
    api.patch(url, {"status": counts})
    done = api.kubectl("rollout", "status", "-n", namespace, "deployment/web", "--timeout=5s")
    assert "successfully rolled out" in done


def test_server_side_apply_is_refused_clearly(api: ApiServer, namespace: str) -> None:
    message = api.kubectl("apply", "--server-side", "-n", namespace, "-f", "-", stdin=manifest(), fails=True)
    (line,) = set(message.splitlines())  # kubectl says it of each object
    assert line.startswith("Server-side apply not available on the server: (server-side apply is not served here: ")
    assert "leave out --server-side" in line
    assert api.get(f"/api/v1/namespaces/{namespace}/configmaps").body["items"] == []


def test_version_says_which_server_it_is(api: ApiServer) -> None:
    assert "+kubelab" in api.kubectl("version")
