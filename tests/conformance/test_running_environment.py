"""Variables of containers. https://kubernetes.io/docs/tasks/inject-data-application/"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from .conftest import until
from .objects import Object, config_map, pod
from .stage import Stage, is_over, is_running, state

SETTINGS = config_map("settings", {"level": "3", "colour": "yellow"})
SECRET = {"metadata": {"name": "secret"}, "data": {"word": base64.b64encode(b"open sesame").decode()}}


def telling(script: str, **spec: Any) -> Object:
    """A pod that runs once. Its metadata, and its container's env, envFrom, args and resources, are given by name."""
    parts = {field: spec.pop(field) for field in ("env", "envFrom", "args", "resources") if field in spec}
    metadata = spec.pop("metadata", {})
    made = pod("p", script, restartPolicy="Never", **spec)
    made["spec"]["containers"][0] |= parts
    made["metadata"] |= metadata
    return made


def told(stage: Stage, wanted: Object) -> str:
    """What a pod has written when it is over."""
    ended = stage.until(stage.create(wanted), is_over)
    assert ended["status"]["phase"] == "Succeeded"
    return stage.log().removesuffix("\n")


def value_from(**source: Any) -> Object:
    return {"name": "V", "valueFrom": source}


def told_of(stage: Stage, variables: list[Object], **spec: Any) -> list[str]:
    """What these variables are in a container: each a value or a valueFrom."""
    names = [f"V{number}" for number in range(len(variables))]
    env = [*spec.pop("env", []), *({"name": name, **one} for name, one in zip(names, variables, strict=True))]
    script = "; ".join(f'printf "<%s>" "${{{name}-unset}}"' for name in names)
    return told(stage, telling(script, env=env, **spec)).removeprefix("<").removesuffix(">").split("><")


def test_a_value_may_refer_to_variables_before_it(stage: Stage) -> None:
    expected = {
        "plain text": "plain text",
        "$(A)-$(A)": "1-1",
        "$$(A)": "$(A)",
        "$(UNKNOWN)": "$(UNKNOWN)",
        "$(V5)": "$(V5)",
        "$A ${A}": "$A ${A}",
    }
    found = told_of(stage, [{"value": value} for value in expected], env=[{"name": "A", "value": "1"}])
    assert found == list(expected.values())


def test_a_command_and_its_arguments_may_refer_to_variables(stage: Stage) -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert told(stage, telling("echo $(A) $0", env=env, args=["$(B) and $$(A)"])) == "1 2 and $(A)"


def test_a_value_is_taken_from_a_key_of_a_config_map(stage: Stage) -> None:
    stage.create(SETTINGS, "configmaps")
    source = value_from(configMapKeyRef={"name": "settings", "key": "level"})
    assert told(stage, telling("echo $V", env=[source])) == "3"


def test_a_value_is_taken_from_a_key_of_a_secret(stage: Stage) -> None:
    stage.create(SECRET, "secrets")
    source = value_from(secretKeyRef={"name": "secret", "key": "word"})
    assert told(stage, telling("echo $V", env=[source])) == "open sesame"


def test_all_keys_of_a_config_map_may_be_taken_with_a_prefix(stage: Stage) -> None:
    stage.create(SETTINGS, "configmaps")
    source = {"prefix": "MY_", "configMapRef": {"name": "settings"}}
    assert told(stage, telling("echo $MY_level $MY_colour $level", envFrom=[source])) == "3 yellow"


def test_all_keys_of_a_secret_may_be_taken(stage: Stage) -> None:
    stage.create(SECRET, "secrets")
    assert told(stage, telling("echo $word", envFrom=[{"secretRef": {"name": "secret"}}])) == "open sesame"


def test_a_variable_of_its_own_comes_before_those_that_are_taken(stage: Stage) -> None:
    stage.create(SETTINGS, "configmaps")
    wanted = telling(
        "echo $level $colour",
        env=[{"name": "level", "value": "own"}],
        envFrom=[{"configMapRef": {"name": "settings"}}],
    )
    assert told(stage, wanted) == "own yellow"


def test_what_is_taken_later_comes_before_what_is_taken_earlier(stage: Stage) -> None:
    stage.create(SETTINGS, "configmaps")
    stage.create(config_map("more", {"level": "4"}), "configmaps")
    wanted = telling(
        "echo $level $colour", envFrom=[{"configMapRef": {"name": "settings"}}, {"configMapRef": {"name": "more"}}]
    )
    assert told(stage, wanted) == "4 yellow"


def test_a_value_may_refer_to_what_is_taken(stage: Stage) -> None:
    stage.create(SETTINGS, "configmaps")
    wanted = telling(
        "echo $V", env=[{"name": "V", "value": "<$(level)>"}], envFrom=[{"configMapRef": {"name": "settings"}}]
    )
    assert told(stage, wanted) == "<3>"


def test_what_is_optional_and_missing_leaves_the_variable_out(stage: Stage) -> None:
    stage.create(SETTINGS, "configmaps")
    references = [
        {"configMapKeyRef": {"name": "none", "key": "level", "optional": True}},
        {"configMapKeyRef": {"name": "settings", "key": "none", "optional": True}},
        {"secretKeyRef": {"name": "none", "key": "word", "optional": True}},
    ]
    whole = {"configMapRef": {"name": "none", "optional": True}}
    found = told_of(stage, [{"valueFrom": reference} for reference in references], envFrom=[whole])
    assert found == ["unset"] * 3


def test_what_is_missing_holds_the_container_and_is_named(stage: Stage) -> None:
    stage.create(SETTINGS, "configmaps")
    stage.create(SECRET, "secrets")
    missing = [
        ({"env": [value_from(configMapKeyRef={"name": "none", "key": "k"})]}, 'configmap "none" not found'),
        ({"env": [value_from(secretKeyRef={"name": "none", "key": "k"})]}, 'secret "none" not found'),
        (
            {"env": [value_from(configMapKeyRef={"name": "settings", "key": "none"})]},
            f"couldn't find key none in ConfigMap {stage.namespace}/settings",
        ),
        (
            {"env": [value_from(secretKeyRef={"name": "secret", "key": "none"})]},
            f"couldn't find key none in Secret {stage.namespace}/secret",
        ),
        ({"envFrom": [{"configMapRef": {"name": "none"}}]}, 'configmap "none" not found'),
        ({"envFrom": [{"secretRef": {"name": "none"}}]}, 'secret "none" not found'),
    ]
    wanted = pod("p")
    containers = [{**wanted["spec"]["containers"][0], "name": f"c{n}", **one} for n, (one, _) in enumerate(missing)]
    wanted["spec"]["containers"] = containers
    names = [one["name"] for one in containers]
    error = "CreateContainerConfigError"
    made = stage.create(wanted)
    held = stage.until(made, lambda now: {state(now, "waiting", name).get("reason") for name in names} == {error})
    assert [state(held, "waiting", name)["message"] for name in names] == [message for _, message in missing]
    assert held["status"]["phase"] == "Pending"


FIELDS = {
    "metadata.name": "name",
    "metadata.namespace": "namespace",
    "metadata.uid": "uid",
    "metadata.labels['colour']": "green",
    "metadata.annotations['example.org/why']": "because",
    "metadata.labels['none']": "",
    "spec.nodeName": "nodeName",
    "spec.serviceAccountName": "default",
    "status.podIP": "podIP",
    "status.hostIP": "hostIP",
}


def test_a_pod_is_told_about_itself(stage: Stage) -> None:
    metadata = {"labels": {"colour": "green"}, "annotations": {"example.org/why": "because"}}
    found = told_of(stage, [{"valueFrom": {"fieldRef": {"fieldPath": path}}} for path in FIELDS], metadata=metadata)
    made = stage.cluster.read(f"{stage.path}/pods/p")
    known = {**made["metadata"], **made["spec"], **made["status"]}
    assert dict(zip(FIELDS, found, strict=True)) == {path: known.get(text, text) for path, text in FIELDS.items()}


def test_a_container_is_told_about_its_resources_rounded_up(stage: Stage) -> None:
    expected = {
        ("limits.cpu", "0"): "1",
        ("limits.cpu", "1m"): "500",
        ("requests.cpu", "1m"): "20",
        ("limits.memory", "0"): str(96 << 20),
        ("limits.memory", "1Mi"): "96",
        ("requests.memory", "1M"): "34",
    }
    references = [{"resource": resource, "divisor": divisor} for resource, divisor in expected]
    resources = {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"cpu": "500m", "memory": "96Mi"}}
    variables = [{"valueFrom": {"resourceFieldRef": reference}} for reference in references]
    assert told_of(stage, variables, resources=resources) == list(expected.values())


def test_a_container_is_told_about_its_services(stage: Stage) -> None:
    ports = [{"name": "http", "port": 8080}, {"name": "more", "port": 9000}]
    service = stage.create({"metadata": {"name": "my-web"}, "spec": {"ports": ports}}, "services")
    address = service["spec"]["clusterIP"]
    lines = told(stage, telling("env")).splitlines()
    assert {line for line in lines if line.startswith("MY_WEB_")} == {
        f"MY_WEB_SERVICE_HOST={address}",
        "MY_WEB_SERVICE_PORT=8080",
        "MY_WEB_SERVICE_PORT_HTTP=8080",
        "MY_WEB_SERVICE_PORT_MORE=9000",
        f"MY_WEB_PORT=tcp://{address}:8080",
        f"MY_WEB_PORT_8080_TCP=tcp://{address}:8080",
        "MY_WEB_PORT_8080_TCP_PROTO=tcp",
        "MY_WEB_PORT_8080_TCP_PORT=8080",
        f"MY_WEB_PORT_8080_TCP_ADDR={address}",
        f"MY_WEB_PORT_9000_TCP=tcp://{address}:9000",
        "MY_WEB_PORT_9000_TCP_PROTO=tcp",
        "MY_WEB_PORT_9000_TCP_PORT=9000",
        f"MY_WEB_PORT_9000_TCP_ADDR={address}",
    }


def test_services_without_an_address_are_not_told(stage: Stage) -> None:
    stage.create({"metadata": {"name": "none"}, "spec": {"clusterIP": "None", "ports": [{"port": 1}]}}, "services")
    assert told(stage, telling("echo ${NONE_SERVICE_HOST-unset}")) == "unset"


def test_services_are_not_told_to_a_pod_that_wants_no_links_but_for_kubernetes(stage: Stage) -> None:
    stage.create({"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}, "services")
    found = told(
        stage, telling("echo ${WEB_SERVICE_HOST-unset} ${KUBERNETES_SERVICE_HOST:+set}", enableServiceLinks=False)
    )
    assert found == "unset set"


@pytest.mark.parametrize(("spec", "expected"), [({}, "p"), ({"hostname": "other"}, "other")])
def test_a_container_knows_its_host_name(stage: Stage, spec: Object, expected: str) -> None:
    assert told(stage, telling("echo $HOSTNAME", **spec)) == expected


def test_a_variable_that_has_changed_is_told_to_the_next_container(stage: Stage) -> None:
    source = value_from(configMapKeyRef={"name": "settings", "key": "level"})
    stage.create(SETTINGS, "configmaps")
    wanted = pod("p", "echo $V; sleep 1000")
    wanted["spec"]["containers"][0]["env"] = [source]
    stage.until(stage.create(wanted), is_running)
    stage.written("3\n")
    stage.cluster.patch(f"{stage.path}/configmaps/settings", {"data": {"level": "4"}})
    assert stage.execute("sh", "-c", "echo $V").stdout == "3\n"
    stage.delete()
    until(lambda: stage.cluster.is_gone(f"{stage.path}/pods/p"))
    stage.until(stage.create(wanted), is_running)
    stage.written("4\n")
