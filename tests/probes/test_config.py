"""What an experiment's configuration says, as values with types."""

import pytest
from chaosmongo.config import Config
from chaosmongo.errors import BadConfiguration


class TestTheObjectives:
    def test_hold_for_every_lane_unless_a_lane_has_its_own(self) -> None:
        assert Config.read({"rto_s": "20", "rto_user_s": 5}).objectives.rto_s == {"server": 20, "driver": 20, "user": 5}

    def test_leave_out_a_lane_that_has_none(self) -> None:
        assert Config.read({"rto_s": 20, "rto_server_s": -1}).objectives.rto_s == {"driver": 20, "user": 20}

    @pytest.mark.parametrize("key", ["rto_s", "rpo_writes", "recovery_timeout_s", "abort_outage_s"])
    def test_others_cannot_be_left_out_so(self, key: str) -> None:
        with pytest.raises(BadConfiguration, match=f"{key}: -1 is below 0"):
            Config.read({key: -1})

    def test_below_that_there_is_nothing(self) -> None:
        with pytest.raises(BadConfiguration, match="rto_user_s: -2 is below 0"):
            Config.read({"rto_user_s": -2})
