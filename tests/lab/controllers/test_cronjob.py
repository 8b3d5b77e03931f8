"""CronJob: at which times it makes a Job, and what it says of them. The clock is given; nothing waits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kubelab.clock import timestamp
from kubelab.controllers.changes import Again, Change, Create, Delete
from kubelab.controllers.cronjob import SCHEDULED_AT, Observed, reconcile
from kubelab.kinds import uid_of

from .objects import NOW, cron_job, events, job, owned_by, told, written_status

Object = dict[str, Any]

HOUR = timedelta(hours=1)
MINUTES = int(NOW.timestamp()) // 60
TODAY = "2026-11-23T"


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"{TODAY}{clock}+00:00")


def made_for(owner: Object, time: datetime, ending: str = "", **status: Any) -> Object:
    """A Job of the CronJob for that time, as it is now: running, or ended as Complete or Failed a minute later."""
    made = job(f"check-{int(time.timestamp()) // 60}", status={"startTime": timestamp(time), **status})
    made["metadata"] |= {"ownerReferences": owned_by(owner), "annotations": {SCHEDULED_AT: timestamp(time)}}
    if ending:
        made["status"]["conditions"] = [{"type": ending, "status": "True"}]
    if ending == "Complete":
        made["status"]["completionTime"] = timestamp(time + timedelta(minutes=1))
    return made


def reference(made: Object) -> Object:
    names = {key: made["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion")}
    return {"kind": "Job", "apiVersion": "batch/v1", **names}


def run(found: Object, now: datetime, *jobs: Object, names: frozenset[str] = frozenset()) -> list[Change]:
    return reconcile(Observed(found, now, list(jobs), names | {made["metadata"]["name"] for made in jobs}))


def started(changes: list[Change]) -> list[str]:
    """For which times of today Jobs are made."""
    made = [change.obj["metadata"] for change in changes if isinstance(change, Create)]
    return [one["annotations"][SCHEDULED_AT].removeprefix(TODAY)[:5] for one in made]


def waits_s(changes: list[Change]) -> list[float]:
    return [round(change.after_s, 3) for change in changes if isinstance(change, Again)]


class TestWhenItIsDue:
    @pytest.mark.parametrize(
        ("now", "last", "expected"),
        [
            ("11:00:01", None, []),  # It was made at eleven: that is over.
            ("11:59:59", None, []),
            ("12:00:00", None, ["12:00"]),
            ("12:00:00", "12:00", []),
            ("12:59:59", "12:00", []),
            ("13:00:07", "12:00", ["13:00"]),
            ("16:30:00", "12:00", ["16:00"]),  # Of those that were missed, the latest.
        ],
    )
    def test_one_job_for_each_time(self, now: str, last: str | None, expected: list[str]) -> None:
        status = {"lastScheduleTime": f"{TODAY}{last}:00Z"} if last else {}
        assert started(run(cron_job(status=status), at(now))) == expected

    def test_the_job_is_named_after_its_minute_and_is_as_the_template_says(self) -> None:
        found = cron_job(timeZone="Europe/Berlin")
        changes = run(found, NOW)
        (made,) = [change.obj for change in changes if isinstance(change, Create)]
        assert made["metadata"] == {
            "name": f"check-{MINUTES}",
            "namespace": "demo",
            "labels": {"of": "check"},
            "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-11-23T13:00:00+01:00"},
            "ownerReferences": owned_by(found),
        }
        assert made["spec"] == found["spec"]["jobTemplate"]["spec"]
        assert events(changes) == [f"SuccessfulCreate: Created job check-{MINUTES}"]

    def test_the_hours_are_those_of_its_time_zone(self) -> None:
        tokyo = cron_job("0 21 * * *", timeZone="Asia/Tokyo")
        assert started(run(tokyo, at("12:00:01"))) == ["21:00"]
        assert started(run(cron_job("0 21 * * *"), at("12:00:01"))) == []

    @pytest.mark.parametrize(("now", "wait_s"), [("11:59:10", 50.1), ("11:30:00", 60.0), ("12:00:00", 3600.1)])
    def test_it_looks_again_when_it_is_due_or_whether_the_clock_was_set(self, now: str, wait_s: float) -> None:
        assert waits_s(run(cron_job(), at(now))) == [wait_s]

    def test_suspended_it_makes_none_but_follows_those_that_run(self) -> None:
        found = cron_job(suspend=True)
        running = made_for(found, NOW)
        found["status"] = {"active": [reference(running)], "lastScheduleTime": timestamp(NOW)}
        changes = run(found, NOW + 5 * HOUR, running)
        assert (started(changes), waits_s(changes)) == ([], [])
        running["status"]["conditions"] = [{"type": "Failed", "status": "True"}]
        (line,) = events(run(found, NOW + 5 * HOUR, running))
        assert line == f"SawCompletedJob: Saw completed job: check-{MINUTES}, condition: Failed"

    def test_one_that_is_being_deleted_makes_none(self) -> None:
        found = cron_job()
        found["metadata"]["deletionTimestamp"] = timestamp(NOW)
        assert run(found, NOW) == []

    def test_a_name_that_another_job_has_is_not_taken(self) -> None:
        changes = run(cron_job(), NOW, names=frozenset({f"check-{MINUTES}"}))
        assert (started(changes), events(changes)) == ([], [])


class TestOnceForEachTime:
    def test_a_new_job_is_told_of_as_soon_as_it_is_seen(self) -> None:
        found = cron_job()
        running = made_for(found, NOW)
        changes = run(found, NOW, running)
        assert (started(changes), events(changes)) == ([], [])
        assert written_status(changes) == {"active": [reference(running)], "lastScheduleTime": timestamp(NOW)}

    def test_also_when_the_controller_was_away_until_it_had_ended(self) -> None:
        found = cron_job()
        ended = made_for(found, NOW, "Complete")
        changes = run(found, NOW + timedelta(minutes=30), ended)
        completed = timestamp(NOW + timedelta(minutes=1))
        assert written_status(changes) == {"lastScheduleTime": timestamp(NOW), "lastSuccessfulTime": completed}
        assert started(changes) == []

    @pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(minutes=5), HOUR, 30 * HOUR])
    def test_a_clock_that_is_set_back_makes_none_twice(self, back: timedelta) -> None:
        found = cron_job("*/5 * * * *", status={"lastScheduleTime": timestamp(NOW)})
        changes = run(found, NOW - back)
        assert (started(changes), told(changes)) == ([], [])
        assert started(run(found, NOW + timedelta(minutes=5))) == ["12:05"]

    @settings(max_examples=40)
    @given(st.lists(st.integers(-90, 90), max_size=30))
    def test_whatever_the_clock_does(self, jumps: list[int]) -> None:
        """jumps: minutes from one look at the clock to the next."""
        found, jobs, now = cron_job("*/10 * * * *"), [], NOW
        for jump in jumps:
            now += timedelta(minutes=jump)
            for change in run(found, now, *jobs):
                if isinstance(change, Create):
                    time = datetime.fromisoformat(change.obj["metadata"]["annotations"][SCHEDULED_AT])
                    assert now - timedelta(minutes=10) < time <= now
                    jobs.append(made_for(found, time))
            found["status"] = written_status(run(found, now, *jobs)) or found["status"]
        names = [made["metadata"]["name"] for made in jobs]
        assert len(set(names)) == len(names)


class TestJobsThatOverlap:
    def overlapping(self, policy: str) -> tuple[Object, Object]:
        found = cron_job(concurrencyPolicy=policy)
        running = made_for(found, NOW)
        found["status"] = {"active": [reference(running)], "lastScheduleTime": timestamp(NOW)}
        return found, running

    def test_allow_runs_both(self) -> None:
        found, running = self.overlapping("Allow")
        assert told(run(found, NOW + HOUR, running)) == [f"create Job check-{MINUTES + 60}"]

    def test_forbid_waits_for_the_first_and_then_makes_up_for_it(self) -> None:
        found, running = self.overlapping("Forbid")
        changes = run(found, NOW + HOUR, running)
        text = "Not starting job because prior execution is running and concurrency policy is Forbid"
        assert (told(changes), events(changes)) == ([], [f"JobAlreadyActive: {text}"])
        running["status"]["conditions"] = [{"type": "Complete", "status": "True"}]
        assert started(run(found, NOW + HOUR + timedelta(minutes=20), running)) == ["13:00"]

    def test_forbid_does_not_when_it_would_be_too_late(self) -> None:
        found, running = self.overlapping("Forbid")
        found["spec"]["startingDeadlineSeconds"] = 60
        running["status"]["conditions"] = [{"type": "Complete", "status": "True"}]
        assert started(run(found, NOW + HOUR + timedelta(minutes=20), running)) == []

    def test_replace_ends_the_first(self) -> None:
        found, running = self.overlapping("Replace")
        changes = run(found, NOW + HOUR, running)
        assert told(changes) == [f"delete Job check-{MINUTES}", f"create Job check-{MINUTES + 60}"]
        assert [change.propagation for change in changes if isinstance(change, Delete)] == ["Background"]
        assert written_status(changes) == {"lastScheduleTime": timestamp(NOW)}

    def test_a_job_made_by_hand_is_in_nobodys_way(self) -> None:
        found = cron_job(concurrencyPolicy="Forbid")
        by_hand = job("by-hand")
        by_hand["metadata"] |= {"ownerReferences": owned_by(found), "annotations": {SCHEDULED_AT: timestamp(NOW)}}
        changes = run(found, NOW, by_hand)
        assert started(changes) == ["12:00"]
        text = "Saw a job that the controller did not create or forgot: by-hand"
        assert f"UnexpectedJob: {text}" in events(changes)

    def test_one_that_is_gone_is_not_active(self) -> None:
        found, running = self.overlapping("Forbid")
        changes = run(found, NOW + timedelta(minutes=1))
        assert events(changes) == [f"MissingJob: Active job went missing: {running['metadata']['name']}"]
        assert written_status(changes) == {"lastScheduleTime": timestamp(NOW)}


class TestWhatWasMissed:
    @pytest.mark.parametrize(("late_s", "expected"), [(0, ["12:00"]), (29, ["12:00"]), (30, []), (31, [])])
    def test_a_job_may_begin_so_much_later(self, late_s: int, expected: list[str]) -> None:
        found = cron_job(startingDeadlineSeconds=30)
        assert started(run(found, NOW + timedelta(seconds=late_s))) == expected

    def test_more_than_a_hundred_are_told_and_the_latest_is_made(self) -> None:
        found = cron_job("* * * * *", status={"lastScheduleTime": timestamp(NOW)})
        few, many = run(found, NOW + timedelta(minutes=100)), run(found, NOW + timedelta(minutes=101))
        assert [line.partition(":")[0] for line in events(few)] == ["SuccessfulCreate"]
        assert [line.partition(":")[0] for line in events(many)] == ["TooManyMissedTimes", "SuccessfulCreate"]
        assert started(many) == ["13:41"]

    def test_an_uneven_schedule_is_made_up_for_only_as_far_as_kubernetes_does(self) -> None:
        """It looks back by the distance of the first two times that it missed."""
        friday = "2026-11-20T15:00:00Z"
        found = cron_job("0 9-17 * * 1-5", status={"lastScheduleTime": friday})
        assert started(run(found, at("08:00:00"))) == []
        found["status"]["lastScheduleTime"] = "2026-11-20T16:00:00Z"
        assert len(started(run(found, at("08:00:00")))) == 1

    def test_a_schedule_that_is_never_due_is_told(self) -> None:
        changes = run(cron_job("0 0 31 2 *"), NOW)
        text = "time difference between two schedules is less than 1 second"
        assert events(changes) == [f"InvalidSchedule: invalid schedule: 0 0 31 2 * : {text}"]
        assert waits_s(changes) == []

    def test_one_that_nobody_can_read_is_told(self) -> None:
        (line,) = events(run(cron_job("x * * * *"), NOW))
        assert line.startswith('UnparseableSchedule: unparseable schedule: "x * * * *" : failed to parse int')

    def test_every_so_often_is_counted_from_when_it_was_made(self) -> None:
        found = cron_job("@every 90s")
        found["metadata"]["creationTimestamp"] = f"{TODAY}11:00:17Z"
        assert started(run(found, at("11:01:46"))) == []
        made = run(found, at("11:01:50"))
        assert started(made) == ["11:01"]
        found["status"]["lastScheduleTime"] = f"{TODAY}11:01:47Z"
        assert waits_s(run(found, at("11:01:50"))) == [60.0]
        assert started(run(found, at("11:03:17"))) == ["11:03"]


class TestHistory:
    def test_the_latest_that_ended_are_kept(self) -> None:
        found = cron_job(successfulJobsHistoryLimit=2, failedJobsHistoryLimit=1)
        times = [NOW - n * HOUR for n in range(1, 5)]
        good = [made_for(found, time, "Complete") for time in times]
        bad = [made_for(found, time + timedelta(minutes=30), "Failed") for time in times[:2]]
        found["status"]["lastScheduleTime"] = timestamp(NOW)
        changes = run(found, NOW, made_for(found, NOW), *good, *bad)
        deleted = [change.obj["metadata"]["name"] for change in changes if isinstance(change, Delete)]
        assert deleted == [made["metadata"]["name"] for made in (good[3], good[2], bad[1])]
        written = written_status(changes) or {}
        assert written["lastScheduleTime"] == timestamp(NOW)
        assert written["lastSuccessfulTime"] == timestamp(times[0] + timedelta(minutes=1))
        lines = [line for line in events(changes) if "Deleted" in line]
        assert lines == [f"SuccessfulDelete: Deleted job {name}" for name in deleted]

    def test_one_that_is_being_deleted_is_not_deleted_again(self) -> None:
        found = cron_job(successfulJobsHistoryLimit=0)
        going = made_for(found, NOW, "Complete")
        going["metadata"]["deletionTimestamp"] = timestamp(NOW)
        changes = run(found, NOW, going)
        assert (told(changes), events(changes)) == ([], [])

    @pytest.mark.parametrize(("limit", "deleted"), [(0, 1), (None, 0)])
    def test_none_or_all_of_them(self, limit: int | None, deleted: int) -> None:
        found = cron_job()
        found["spec"]["successfulJobsHistoryLimit"] = limit
        if limit is None:
            del found["spec"]["successfulJobsHistoryLimit"]
        changes = run(found, NOW, made_for(found, NOW, "Complete"))
        assert sum(isinstance(change, Delete) for change in changes) == deleted

    def test_the_end_of_a_job_is_told_once_and_its_success_is_remembered(self) -> None:
        found = cron_job()
        ended = made_for(found, NOW, "Complete")
        found["status"] = {"active": [reference(ended)], "lastScheduleTime": timestamp(NOW)}
        changes = run(found, NOW + timedelta(minutes=2), ended)
        assert events(changes) == [f"SawCompletedJob: Saw completed job: check-{MINUTES}, condition: Complete"]
        completed = timestamp(NOW + timedelta(minutes=1))
        found["status"] = written_status(changes) or {}
        assert found["status"] == {"lastScheduleTime": timestamp(NOW), "lastSuccessfulTime": completed}
        assert uid_of(ended) and events(run(found, NOW + timedelta(minutes=3), ended)) == []
