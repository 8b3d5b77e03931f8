"""What stands in the way of single faults: data that would go, commands, processes, what is not taken back."""

import pytest
from chaosmongo.cluster import Object

from .objects import commands, findings, planned, pod, remedies, seen, step, told, workload

AFTER = step("take_back_faults")
WITHOUT_CLAIM = seen(pod(volumes=[{"name": "data", "emptyDir": {}}]))


class TestDataThatGoWithThePod:
    @pytest.mark.parametrize("fault", ["delete_pod", "kill_pod", "kill_repeatedly"])
    def test_are_told(self, fault: str) -> None:
        assert told(planned(fault, name="mongo-0"), WITHOUT_CLAIM) == [
            "warning: pacman/mongo-0 has no PersistentVolumeClaim: its data die with the pod"
        ]

    def test_are_not_where_only_the_container_ends(self) -> None:
        shared = seen(pod(volumes=[], shareProcessNamespace=True))
        assert told(planned("crash_container", name="mongo-0"), shared) == []

    def test_are_not_where_the_pod_is_no_database(self) -> None:
        there = seen(pod("pacman-a", of="ReplicaSet pacman-1", volumes=[]))
        assert told(planned("delete_pod", name="pacman-a"), there) == []

    def test_are_told_where_scaling_down_deletes_the_claims(self) -> None:
        fault, database = planned("scale_to_zero", statefulset="mongo"), workload("mongo")
        database["spec"] |= {
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
            "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
        }
        assert told(fault, seen(statefulsets=(database,))) == [
            "warning: StatefulSet mongo deletes its claims when it is scaled down: the data die with its pods"
        ]
        database["spec"]["persistentVolumeClaimRetentionPolicy"] = {"whenScaled": "Retain"}
        assert told(fault, seen(statefulsets=(database,))) == []


class TestRollouts:
    FAULT = planned("restart_rollout", statefulset="mongo")

    def told(self, strategy: Object, *pods: Object) -> list[str]:
        database = workload("mongo")
        database["spec"]["updateStrategy"] = strategy
        return told(self.FAULT, seen(*pods, statefulsets=(database,)))

    def test_restart_the_pods(self) -> None:
        assert self.told({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}) == []

    def test_restart_none_that_are_only_updated_on_deletion(self) -> None:
        assert self.told({"type": "OnDelete"}) == [
            "error: StatefulSet mongo updates its pods OnDelete: a rollout restarts none, it hits nothing"
        ]

    def test_restart_none_below_a_partition(self) -> None:
        below = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
        assert self.told(below)[0].endswith("restarting pacman/mongo-0: it hits nothing")
        assert self.told(below, pod(), pod("mongo-1")) == [
            "warning: partition 1 of StatefulSet mongo keeps a rollout from restarting pacman/mongo-0"
        ]


class TestCommands:
    def test_that_are_there_are_no_finding(self) -> None:
        assert told(planned("restart_control_plane"), seen(), commands()) == []

    def test_that_are_not_set_are_an_error(self) -> None:
        fault = planned("crash_node", AFTER, node="two")
        (found,) = told(fault, seen(), commands(node_crash_command=""))
        assert found.startswith("error: configuration node_crash_command (environment variable NODE_CRASH_COMMAND) is")
        assert remedies(fault, seen(), commands(node_crash_command="")) == ["--var node_crash_command=COMMAND"]

    @pytest.mark.parametrize("fault", ["crash_node", "stop_kubelet"])
    def test_without_one_to_take_it_back_it_cannot_be_undone(self, fault: str) -> None:
        (found,) = told(planned(fault, AFTER, node="two"), seen(), commands(node_start_command=""))
        assert found.startswith("error: it could not be taken back: configuration node_start_command")

    def test_that_are_not_found_are_an_error(self) -> None:
        fault = planned("crash_node", AFTER, node="two")
        (found,) = told(fault, seen(), commands(node_crash_command="no-such {node}"))
        assert found == (
            "error: 'no-such' of the configuration's node_crash_command is not found on PATH, or cannot be run"
        )

    def test_that_cannot_be_read_are_an_error(self) -> None:
        (found,) = told(planned("crash_node", AFTER, node="two"), seen(), commands(node_crash_command="true {nod}"))
        assert "cannot be read as a command" in found


class TestProcesses:
    @pytest.mark.parametrize("fault", ["crash_container", "freeze_container"])
    def test_the_first_of_a_container_heeds_no_signal_from_within(self, fault: str) -> None:
        (found,) = findings(planned(fault, name="mongo-0"), seen())
        assert (found.level, found.remedy) == ("error", "shareProcessNamespace: true in the pod's spec")
        assert "mongod in pacman/mongo-0 is the image's own program, and so its first process" in found.text

    @pytest.mark.parametrize("shared", ["shareProcessNamespace", "hostPID"])
    def test_in_shared_ones_it_does(self, shared: str) -> None:
        assert told(planned("crash_container", name="mongo-0"), seen(pod(**{shared: True}))) == []

    def test_one_that_the_container_starts_itself_is_the_first(self) -> None:
        there = seen(pod(containers=[{"name": "mongo", "command": ["/usr/bin/mongod", "--auth"]}]))
        (found,) = told(planned("crash_container", name="mongo-0"), there)
        assert "what the container starts" in found

    def test_one_that_another_program_starts_may_be(self) -> None:
        there = seen(pod(containers=[{"name": "mongo", "command": ["/run.sh"]}]))
        (found,) = told(planned("crash_container", name="mongo-0"), there)
        assert found == "warning: if mongod is the first process in pacman/mongo-0, it heeds no signal from within"

    def test_a_container_that_is_not_there_is_an_error(self) -> None:
        (found,) = told(planned("fill_disk", name="mongo-0", container="db"), seen())
        assert found == "error: there is no container db in pacman/mongo-0 (there are: mongo): it hits nothing"

    def test_one_of_several_must_be_named(self) -> None:
        two = pod(containers=[{"name": "mongo"}, {"name": "exporter"}])
        assert remedies(planned("fill_disk", name="mongo-0"), seen(two)) == ["container: NAME"]
        assert told(planned("fill_disk", name="mongo-0", container="mongo"), seen(two)) == []

    def test_or_is_the_one_that_the_pod_says(self) -> None:
        two = pod(containers=[{"name": "exporter"}, {"name": "mongo"}])
        two["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "mongo"}
        assert told(planned("fill_disk", name="mongo-0"), seen(two)) == []

    def test_one_that_does_not_run_is_hit_in_vain(self) -> None:
        waiting = {"containerStatuses": [{"name": "mongo", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}
        (found,) = told(planned("fill_disk", name="mongo-0"), seen(pod(status=waiting)))
        assert found == "error: container mongo of pacman/mongo-0 is not running: it hits nothing"

    def test_a_signal_that_ends_nothing_is_an_error(self) -> None:
        shared = seen(pod(shareProcessNamespace=True))
        assert told(planned("crash_container", name="mongo-0", signal="CONT"), shared) == [
            "error: signal CONT ends no process: it hits nothing"
        ]
        assert told(planned("crash_container", name="mongo-0", signal="SEGV"), shared) == []


class TestWhatIsNotTakenBack:
    def test_is_told(self) -> None:
        assert told(planned("scale_deployment", name="pacman", replicas=3), seen()) == [
            "warning: no step after it takes it back: the number of replicas stays changed until `chaos recovery undo`"
        ]

    def test_is_not_where_a_later_step_does(self) -> None:
        assert told(planned("scale_deployment", AFTER, name="pacman", replicas=3), seen()) == []

    def test_nor_where_there_is_nothing_to_take_back(self) -> None:
        assert told(planned("delete_pod", name="mongo-0"), seen()) == []


class TestWhatTheClusterDoesNotTell:
    def test_of_an_election_is_told(self) -> None:
        (found,) = told(planned("step_down_primary"), seen())
        assert found.startswith("warning: whether MongoDB is a replica set")

    def test_of_the_network_is_told(self) -> None:
        fault = planned("cut_off", label_selector="name=mongo")
        (found,) = told(fault, seen(selected={"name=mongo": [pod()]}))
        assert "enforces NetworkPolicies cannot be read" in found

    def test_labels_must_be_pairs(self) -> None:
        fault = planned("cut_off", label_selector="name in (a,b)")
        assert "error: label_selector must be key=value" in told(fault, seen(selected={"name in (a,b)": [pod()]}))[0]
