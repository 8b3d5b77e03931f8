"""Asking what one may do. https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access"""

from __future__ import annotations

import pytest
from kubernetes import client

from .conftest import Cluster
from .objects import Object

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
DELETION = {"namespace": "default", "verb": "delete", "resource": "pods"}


def review(**spec: Object) -> Object:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}


@pytest.mark.parametrize(
    "attributes",
    [
        DELETION,
        {"namespace": "default", "verb": "create", "resource": "pods", "subresource": "eviction"},
        {"namespace": "default", "verb": "patch", "group": "apps", "resource": "statefulsets", "subresource": "scale"},
        {"verb": "patch", "resource": "nodes", "name": "a-node"},
    ],
)
def test_an_administrator_may_do_everything(cluster: Cluster, attributes: Object) -> None:
    answer = cluster.post(REVIEWS, review(resourceAttributes=attributes))
    assert (answer.status, answer.body["kind"]) == (201, "SelfSubjectAccessReview")
    assert answer.body["spec"]["resourceAttributes"] == attributes
    assert answer.body["status"]["allowed"] is True


def test_a_path_that_is_no_resource_can_be_asked_for(cluster: Cluster) -> None:
    answer = cluster.post(REVIEWS, review(nonResourceAttributes={"path": "/version", "verb": "get"}))
    assert (answer.status, answer.body["status"]["allowed"]) == (201, True)


def test_the_official_client_asks(cluster: Cluster) -> None:
    asked = client.V1SelfSubjectAccessReview(
        spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=client.V1ResourceAttributes(**DELETION))
    )
    found = client.AuthorizationV1Api(cluster.connection).create_self_subject_access_review(asked)
    assert found.status.allowed is True


def test_a_question_about_two_things_is_refused(cluster: Cluster) -> None:
    both = review(resourceAttributes=DELETION, nonResourceAttributes={"path": "/version", "verb": "get"})
    answer = cluster.post(REVIEWS, both)
    assert (answer.status, answer.reason) == (422, "Invalid")


def test_a_question_about_nothing_is_refused(cluster: Cluster) -> None:
    answer = cluster.post(REVIEWS, review())
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert "exactly one of nonResourceAttributes or resourceAttributes must be specified" in answer.body["message"]


def test_a_review_is_not_kept(cluster: Cluster) -> None:
    answer = cluster.post(REVIEWS, review(resourceAttributes=DELETION))
    assert not {"uid", "resourceVersion", "name"} & answer.body["metadata"].keys()
    assert cluster.get(REVIEWS).status == 405


def test_discovery_says_that_it_can_only_be_created(cluster: Cluster) -> None:
    listed = cluster.read("/apis/authorization.k8s.io/v1")["resources"]
    (found,) = [one for one in listed if one["name"] == "selfsubjectaccessreviews"]
    assert (found["kind"], found["namespaced"], found["verbs"]) == ("SelfSubjectAccessReview", False, ["create"])
