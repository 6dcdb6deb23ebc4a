"""Charging limits: the ladder, what is kept, and what goes over the wire."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.smart_charging import ladder
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CommandFailed,
    CommandRejected,
    NotSupported,
    StationOffline,
)
from custom_components.ocpp.csms.model import Options, RateUnit, StationSettings
from tests.csms.conftest import IDENTITY, MakeCharger, prepared
from tests.csms.talk import at_rest
from tests.simulator import CallError, Charger, ConfigKey

SET = "SetChargingProfile"
type Answer = Callable[[dict[str, Any]], Any]


class Profiles:
    """The profiles a charger was sent, and which of them it takes."""

    def __init__(
        self, charger: Charger, takes: Callable[[dict[str, Any]], bool]
    ) -> None:
        """Answer in place of the charger."""
        self.charger = charger
        self.takes = takes
        self.seen: list[dict[str, Any]] = []
        charger.answers[SET] = self.answer

    def answer(self, payload: dict[str, Any]) -> dict[str, str]:
        """Take a profile or not."""
        profile = payload["csChargingProfiles"]
        self.seen.append(payload)
        return {"status": "Accepted" if self.takes(profile) else "Rejected"}

    def take(self) -> list[tuple[str, int, str, str]]:
        """Return purpose, level, kind and unit of what came since it was last asked."""
        seen, self.seen = self.seen, []
        return [
            (
                profile["chargingProfilePurpose"],
                profile["stackLevel"],
                profile["chargingProfileKind"],
                profile["chargingSchedule"]["chargingRateUnit"],
            )
            for profile in (payload["csChargingProfiles"] for payload in seen)
        ]


def limits(charger: Charger) -> list[float]:
    """Return the limit of each profile that came in."""
    return [
        frame[3]["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"][0][
            "limit"
        ]
        for frame in charger.received
        if frame[0] == 2 and frame[2] == SET
    ]


@pytest.fixture
def nothing(charger: Charger) -> Profiles:
    """Let the charger refuse every profile."""
    return Profiles(charger, lambda _: False)


@pytest.fixture
def everything(charger: Charger) -> Profiles:
    """Let the charger take every profile."""
    return Profiles(charger, lambda _: True)


async def test_the_ladder(
    station: ChargingStation, charger: Charger, nothing: Profiles
) -> None:
    """Every way is tried, the most proper first, until none is left."""
    await charger.start()
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 10)
    assert nothing.take() == [
        (purpose, level, kind, unit)
        for unit in ("A", "W")
        for purpose in ("TxProfile", "TxDefaultProfile", "ChargePointMaxProfile")
        for kind in ("Absolute", "Relative")
        for level in (8, 0)
    ]
    # The next time only the first way is, until one works again.
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 11)
    assert nothing.take() == [("TxProfile", 8, "Absolute", "A")]
    assert station.smart_charging.amperes(1) is None
    nothing.takes = lambda _: True
    assert (await station.smart_charging.set_limit(1, 12)).purpose == "TxProfile"


async def test_what_was_in_vain_is_tried_again(
    station: ChargingStation,
    charger: Charger,
    nothing: Profiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a session there are other ways; after a while or a boot the same may work."""
    smart_charging = station.smart_charging
    with pytest.raises(CommandRejected):
        await smart_charging.set_limit(1, 10)
    assert len(nothing.take()) == 16
    await charger.start()
    nothing.takes = lambda profile: (
        profile["chargingProfilePurpose"] == "TxProfile" and profile["stackLevel"] == 0
    )
    assert (await smart_charging.set_limit(1, 10)).purpose == "TxProfile"

    nothing.takes = lambda _: False
    with pytest.raises(CommandRejected):
        await smart_charging.set_limit(1, 11)
    nothing.take()
    with pytest.raises(CommandRejected):
        await smart_charging.set_limit(1, 12)
    assert len(nothing.take()) == 1
    monkeypatch.setattr(ladder, "_IN_VAIN", -1)
    smart_charging.on_boot()
    for _ in range(2):
        with pytest.raises(CommandRejected):
            await smart_charging.set_limit(1, 12)
        assert len(nothing.take()) > 20


async def test_quiet_leaves_a_limit_that_is_over_alone(
    central: CentralSystem, station: ChargingStation, everything: Profiles
) -> None:
    """It sends nothing by itself, and shows no limit that is not there."""
    central.apply_options(replace(central.options, quiet=True))
    await station.smart_charging.set_limit(1, 16)
    await station.smart_charging.set_limit(1, 8, duration=60)
    everything.take()
    station.smart_charging._expire(1)
    await at_rest(station)
    assert everything.take() == []
    assert station.smart_charging.limit(1) is None
    # Wanted again, it is sent, since it is not in force.
    await station.smart_charging.set_limit(1, 16)
    assert len(everything.take()) == 1


async def test_without_a_session(
    station: ChargingStation, charger: Charger, nothing: Profiles
) -> None:
    """There is no profile of a transaction that does not run."""
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 10)
    assert {purpose for purpose, *_ in nothing.take()} == {
        "TxDefaultProfile",
        "ChargePointMaxProfile",
    }


async def test_neighbours_are_not_limited(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """With several EVSEs the limit of one is never that of the station."""
    charger = await connect_charger(connectors=2)
    await charger.power_up()
    await prepared(station)
    profiles = Profiles(charger, lambda _: False)
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(2, 10)
    assert {purpose for purpose, *_ in profiles.take()} == {"TxDefaultProfile"}


async def test_limit_of_the_station(
    station: ChargingStation, charger: Charger, everything: Profiles
) -> None:
    """It is told at connector 0."""
    limit = await station.smart_charging.set_limit(0, 20)
    assert limit.purpose == "ChargePointMaxProfile"
    assert everything.seen[0]["connectorId"] == 0


@pytest.mark.parametrize(
    "takes",
    [
        ("TxDefaultProfile", 0, "Absolute", "A"),
        ("TxDefaultProfile", 8, "Relative", "A"),
        ("ChargePointMaxProfile", 0, "Relative", "A"),
        ("TxDefaultProfile", 8, "Absolute", "W"),
    ],
)
async def test_what_worked_is_remembered(
    central: CentralSystem,
    station: ChargingStation,
    charger: Charger,
    takes: tuple[str, int, str, str],
) -> None:
    """It is the first frame of the next limit, also after a restart of ours."""

    def fits(profile: dict[str, Any]) -> bool:
        return takes == (
            profile["chargingProfilePurpose"],
            profile["stackLevel"],
            profile["chargingProfileKind"],
            profile["chargingSchedule"]["chargingRateUnit"],
        )

    profiles = Profiles(charger, fits)
    await station.smart_charging.set_limit(1, 10)
    assert profiles.take()[-1] == takes
    await station.smart_charging.set_limit(1, 11)
    assert profiles.take() == [takes]
    await central.close()
    other = CentralSystem(
        host="127.0.0.1",
        port=central.port,
        store=central.shared.store,
        options=Options(),
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.smart_charging.amperes(1) == 11
    await other.listen()
    await charger.connect()
    await reborn.smart_charging.set_limit(1, 12)
    assert profiles.take() == [takes]
    await other.close()


async def test_new_firmware_may_have_learnt(
    station: ChargingStation, charger: Charger, nothing: Profiles
) -> None:
    """After an update the ladder is climbed from its foot."""
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 10)
    charger.boot_fields["firmwareVersion"] = "2.0.0"
    await charger.boot()
    await prepared(station)
    nothing.take()
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 10)
    assert len(nothing.take()) == 16


async def test_refusals_of_all_kinds(
    station: ChargingStation, charger: Charger
) -> None:
    """An error, and a word that means the purpose, are refusals like any other."""
    answers: list[Any] = [
        CallError("FormationViolation"),
        {"status": "NotSupported"},
        {"status": "Rejected"},
    ]
    charger.answers[SET] = lambda _: answers.pop(0) if answers else None
    limit = await station.smart_charging.set_limit(1, 10)
    assert limit.purpose == "TxDefaultProfile"
    charger.answers[SET] = CallError("InternalError")
    with pytest.raises(CommandFailed):
        await station.smart_charging.set_limit(1, 11)
    charger.answers[SET] = CallError("NotImplemented")
    with pytest.raises(NotSupported):
        await station.smart_charging.set_limit(1, 11)
    # What people are shown is the last that was accepted.
    assert station.smart_charging.amperes(1) == 10


async def test_unchanged(station: ChargingStation, charger: Charger) -> None:
    """A limit that is in force is not sent again."""
    first = await station.smart_charging.set_limit(1, 10)
    assert await station.smart_charging.set_limit(1, 10) is first
    assert limits(charger) == [10]
    await station.smart_charging.set_limit(1, 10, phases=1)
    await station.smart_charging.set_limit(1, 10, RateUnit.WATT)
    assert len(limits(charger)) == 3


async def test_shapes(
    station: ChargingStation, charger: Charger, everything: Profiles
) -> None:
    """Profiles are what the specification says, and are always the same few."""
    smart_charging = station.smart_charging
    await smart_charging.set_limit(0, 32)
    await smart_charging.set_limit(1, 10.04, phases=1)
    number = await charger.start()
    await smart_charging.set_limit(1, 0)
    station_wide, default, session = (
        payload["csChargingProfiles"]
        for payload in everything.seen
        if payload["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"][
            0
        ]["limit"]
        in (32, 10, 0)
    )
    assert default["chargingSchedule"]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 10.0, "numberPhases": 1}
    ]
    assert default["chargingProfileKind"] == "Absolute"
    begin = datetime.fromisoformat(default["chargingSchedule"]["startSchedule"])
    assert timedelta() < datetime.now(UTC) - begin < timedelta(minutes=2)
    assert "transactionId" not in default
    assert session["chargingProfilePurpose"] in ("TxProfile", "TxDefaultProfile")
    if session["chargingProfilePurpose"] == "TxProfile":
        assert session["transactionId"] == number
    assert len({p["chargingProfileId"] for p in (station_wide, default)}) == 2


async def test_profile_of_a_transaction(
    station: ChargingStation, charger: Charger, everything: Profiles
) -> None:
    """It names its transaction, and its id never changes."""
    ids = set()
    for amperes in (6, 7):
        number = await charger.start()
        everything.seen.clear()
        await station.smart_charging.set_limit(1, amperes)
        profile = everything.seen[-1]["csChargingProfiles"]
        assert profile["chargingProfilePurpose"] == "TxProfile"
        assert profile["transactionId"] == number
        ids.add(profile["chargingProfileId"])
        await charger.stop()
        await at_rest(station)
    assert len(ids) == 1


async def test_relative_has_no_start(
    station: ChargingStation, charger: Charger
) -> None:
    """Nor is the part before now added to its duration."""
    profiles = Profiles(
        charger, lambda profile: profile["chargingProfileKind"] == "Relative"
    )
    await station.smart_charging.set_limit(1, 10, duration=600)
    schedule = profiles.seen[-1]["csChargingProfiles"]["chargingSchedule"]
    assert "startSchedule" not in schedule
    assert schedule["duration"] == 600
    absolute = profiles.seen[0]["csChargingProfiles"]["chargingSchedule"]
    assert absolute["duration"] == 660


@pytest.mark.parametrize(
    ("allowed", "first"),
    [
        ("Power", "W"),
        ("W", "W"),
        ("power", "W"),
        ("Current", "A"),
        ("Current,Power", "A"),
        (None, "A"),
    ],
)
async def test_units(
    station: ChargingStation,
    connect_charger: MakeCharger,
    allowed: str | None,
    first: str,
) -> None:
    """The charger's own word decides which unit comes first."""
    charger = await connect_charger(
        configuration={
            "ChargingScheduleAllowedChargingRateUnit": ConfigKey(allowed, readonly=True)
        }
    )
    await charger.power_up()
    await prepared(station)
    profiles = Profiles(charger, lambda _: True)
    await station.smart_charging.set_limit(1, 10)
    assert [unit for *_, unit in profiles.take()] == [first]


async def test_conversion(station: ChargingStation, charger: Charger) -> None:
    """Between A per phase and W in total, by the voltage and the phases there are."""
    profiles = Profiles(
        charger,
        lambda profile: profile["chargingSchedule"]["chargingRateUnit"] == "W",
    )
    limit = await station.smart_charging.set_limit(1, 10)
    assert (limit.sent_value, limit.sent_unit) == (6900, RateUnit.WATT)
    volts = [{"value": "240", "measurand": "Voltage", "phase": "L1-N"}]
    await charger.meter_values(samples=volts)
    limit = await station.smart_charging.set_limit(1, 11)
    assert limit.sent_value == 7920
    limit = await station.smart_charging.set_limit(1, 11, phases=1)
    assert limit.sent_value == 2640
    assert station.smart_charging.amperes(1) == 11
    profiles.takes = lambda _: True
    limit = await station.smart_charging.set_limit(1, 4800, RateUnit.WATT, phases=2)
    assert station.smart_charging.amperes(1) == 10
    station.apply_settings(StationSettings(phases=1))
    await station.smart_charging.set_limit(1, 2400, RateUnit.WATT)
    assert station.smart_charging.amperes(1) == 10


async def test_no_profiles_of_transactions(
    station: ChargingStation, charger: Charger
) -> None:
    """A charger that refuses them is not offered one each time."""
    profiles = Profiles(
        charger, lambda profile: profile["chargingProfilePurpose"] != "TxProfile"
    )
    await station.smart_charging.set_limit(1, 10)
    await charger.start()
    await station.smart_charging.set_limit(1, 11)
    await station.smart_charging.set_limit(1, 12)
    assert [purpose for purpose, *_ in profiles.take()] == [
        "TxDefaultProfile",
        "TxProfile",
        "TxDefaultProfile",
        "TxDefaultProfile",
    ]


# --- keeping limits ---------------------------------------------------------------------


async def test_again_after_a_reboot(station: ChargingStation, charger: Charger) -> None:
    """Not all chargers remember; after a mere reconnect they are trusted to."""
    await station.smart_charging.set_limit(1, 10)
    charger.drop()
    await charger.connect()
    await prepared(station)
    assert limits(charger) == [10]
    await charger.boot()
    await prepared(station)
    assert limits(charger) == [10, 10]


async def test_quiet(station: ChargingStation, charger: Charger) -> None:
    """Nothing is sent again by itself, but a wish is, although it is the same."""
    await station.smart_charging.set_limit(1, 10)
    station.shared.options = Options(quiet=True, settle=0)
    await charger.boot()
    await prepared(station)
    await charger.start()
    await at_rest(station)
    assert limits(charger) == [10]
    assert station.smart_charging.amperes(1) == 10
    # The charger may have forgotten it.
    await station.smart_charging.set_limit(1, 10)
    assert limits(charger) == [10, 10]


async def test_refused_after_a_reboot(
    station: ChargingStation, charger: Charger
) -> None:
    """Then nothing is known to be in force, and it is tried again at the next chance."""
    await station.smart_charging.set_limit(1, 10)
    charger.answers[SET] = {"status": "Rejected"}
    await charger.boot()
    await prepared(station)
    assert station.smart_charging.limit(1) is None
    del charger.answers[SET]
    charger.drop()
    await charger.connect()
    await prepared(station)
    assert station.smart_charging.amperes(1) == 10


async def test_new_session(
    station: ChargingStation, charger: Charger, everything: Profiles
) -> None:
    """A limit is brought into a session unless the default profile already does that."""
    await station.smart_charging.set_limit(1, 10)
    await charger.start()
    await at_rest(station)
    assert [purpose for purpose, *_ in everything.take()] == ["TxDefaultProfile"]
    await station.smart_charging.set_limit(1, 8)
    assert [purpose for purpose, *_ in everything.take()] == ["TxProfile"]
    await charger.stop()
    assert station.smart_charging.amperes(1) == 8
    await charger.start()
    await at_rest(station)
    # The profile of a transaction ended with it.
    assert [purpose for purpose, *_ in everything.take()] == ["TxProfile"]
    await charger.stop()
    await station.smart_charging.set_limit(1, 8)
    assert [purpose for purpose, *_ in everything.take()] == ["TxDefaultProfile"]


async def test_wish_overtakes_what_is_sent_again(
    station: ChargingStation, charger: Charger, everything: Profiles
) -> None:
    """What people want last holds, also when a session starts at that moment."""
    await charger.start()
    await station.smart_charging.set_limit(1, 16)
    await charger.stop()
    async with station.smart_charging._order:
        await charger.start()
        station.smart_charging._standing[1] = station.smart_charging.limits[1] = (
            station.smart_charging.limits[1].__class__(
                **vars(station.smart_charging.limits[1]) | {"value": 6}
            )
        )
        everything.take()
    await at_rest(station)
    assert everything.take() == []


async def test_for_some_time(
    station: ChargingStation, charger: Charger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Afterwards the limit is what it was before."""
    await station.smart_charging.set_limit(1, 16)
    limit = await station.smart_charging.set_limit(1, 6, duration=3600)
    assert limit.until is not None
    assert station.smart_charging.amperes(1) == 6
    # Again it is, with what is left of it, when the charger boots.
    await charger.boot()
    await prepared(station)
    assert limits(charger) == [16, 6, 6]
    station.smart_charging._expire(1)
    await at_rest(station)
    assert limits(charger) == [16, 6, 6, 16]
    assert station.smart_charging.amperes(1) == 16


async def test_for_some_time_only(station: ChargingStation, charger: Charger) -> None:
    """With nothing before it, nothing is in force afterwards."""
    await station.smart_charging.set_limit(1, 6, duration=1)
    station.smart_charging._expire(1)
    assert station.smart_charging.limit(1) is None


async def test_time_is_over_while_offline(
    station: ChargingStation, charger: Charger
) -> None:
    """The limit that stands is told as soon as the charger is back."""
    await station.smart_charging.set_limit(1, 16)
    await station.smart_charging.set_limit(1, 6, duration=3600)
    await charger.disconnect()
    station.smart_charging._expire(1)
    await at_rest(station)
    assert station.smart_charging.limit(1) is None
    await charger.connect()
    await prepared(station)
    assert limits(charger) == [16, 6, 16]
    assert station.smart_charging.amperes(1) == 16


async def test_restart_while_a_limit_holds_for_some_time(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """It holds on for the rest of its time: the charger is told nothing."""
    await station.smart_charging.set_limit(1, 16)
    await station.smart_charging.set_limit(1, 6, duration=3600)
    await central.close()
    other = CentralSystem(
        host="127.0.0.1",
        port=central.port,
        store=central.shared.store,
        options=central.options,
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    await other.listen()
    await charger.connect()
    await prepared(reborn)
    assert limits(charger) == [16, 6]
    assert reborn.smart_charging.amperes(1) == 6
    await other.close()


async def test_for_some_time_within_a_session(
    station: ChargingStation, charger: Charger
) -> None:
    """It ends with the session it was part of."""
    await charger.start()
    await station.smart_charging.set_limit(1, 16)
    await station.smart_charging.set_limit(1, 6, duration=3600)
    await charger.stop()
    await at_rest(station)
    assert station.smart_charging.amperes(1) == 16


async def test_start_with_a_limit(
    station: ChargingStation, charger: Charger, everything: Profiles
) -> None:
    """It holds for that session only, is not overridden in it, and is shown."""
    await charger.start()
    await station.smart_charging.set_limit(1, 16)
    await charger.stop()
    await charger.plug_in()
    everything.take()
    await station.remote_control.start(1, limit=8)
    sent = await charger.wait_for_call("RemoteStartTransaction")
    profile = sent["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in profile
    await charger.settle()
    await at_rest(station)
    assert station.transactions.running(1)
    assert station.smart_charging.amperes(1) == 8
    assert everything.take() == []
    await charger.stop()
    await at_rest(station)
    assert station.smart_charging.amperes(1) == 16


async def test_start_with_a_limit_is_refused(
    station: ChargingStation, charger: Charger
) -> None:
    """The next session knows nothing of it."""
    charger.answers["RemoteStartTransaction"] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await station.remote_control.start(1, limit=8)
    await charger.start()
    assert station.smart_charging.limit(1) is None


async def test_start_uses_what_is_known_to_work(
    station: ChargingStation, charger: Charger
) -> None:
    """Level, kind and unit are those the charger took before, for whatever purpose."""
    Profiles(
        charger,
        lambda profile: (
            profile["stackLevel"] == 0
            and profile["chargingSchedule"]["chargingRateUnit"] == "W"
        ),
    )
    await station.smart_charging.set_limit(1, 16)
    charger.answers["RemoteStartTransaction"] = {"status": "Accepted"}
    await station.remote_control.start(None, limit=10)
    profile = (await charger.wait_for_call("RemoteStartTransaction"))["chargingProfile"]
    assert profile["stackLevel"] == 0
    assert profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 6900


# --- clearing and asking ----------------------------------------------------------------


async def test_clear(
    station: ChargingStation, charger: Charger, everything: Profiles
) -> None:
    """All that limits an EVSE goes; that there was nothing is as good."""
    charger.answers["ClearChargingProfile"] = {"status": "Unknown"}
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.clear(1)
    assert station.smart_charging.limit(1) is None
    sent = [await charger.wait_for_call("ClearChargingProfile") for _ in range(2)]
    assert sent == [
        {"connectorId": 1, "chargingProfilePurpose": "TxProfile"},
        {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile"},
    ]
    await station.smart_charging.set_limit(0, 20)
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.clear(0)
    assert await charger.wait_for_call("ClearChargingProfile") == {}
    assert station.smart_charging.limits == {}
    # Nothing is left to be sent again.
    everything.take()
    await charger.boot()
    await prepared(station)
    assert everything.take() == []


async def test_clear_what_only_the_station_could_be_told(
    station: ChargingStation, charger: Charger
) -> None:
    """A limit that ended up station-wide is removed there."""
    Profiles(
        charger,
        lambda profile: profile["chargingProfilePurpose"] == "ChargePointMaxProfile",
    )
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.clear(1)
    sent = [await charger.wait_for_call("ClearChargingProfile") for _ in range(3)]
    assert sent[-1] == {
        "connectorId": 0,
        "chargingProfilePurpose": "ChargePointMaxProfile",
    }


async def test_clear_refused(station: ChargingStation, charger: Charger) -> None:
    """Then the limit is still what is shown."""
    await station.smart_charging.set_limit(1, 10)
    charger.answers["ClearChargingProfile"] = CallError("NotSupported")
    with pytest.raises(NotSupported):
        await station.smart_charging.clear(1)
    assert station.smart_charging.amperes(1) == 10


async def test_profile_as_it_is(
    station: ChargingStation, charger: Charger, everything: Profiles
) -> None:
    """A profile of one's own is passed on unchanged."""
    profile = {
        "chargingProfileId": 77,
        "stackLevel": 3,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Recurring",
        "recurrencyKind": "Daily",
        "chargingSchedule": {
            "startSchedule": "2026-05-04T00:00:00Z",
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}],
        },
    }
    await station.smart_charging.set_profile(1, profile)
    assert everything.seen == [{"connectorId": 1, "csChargingProfiles": profile}]


async def test_composite_schedule(station: ChargingStation, charger: Charger) -> None:
    """The charger says what results from all its profiles."""
    await station.smart_charging.set_limit(1, 10)
    command, asked = station.sending.command, {"connectorId": 1, "duration": 60}
    answer = await command("GetCompositeSchedule", asked | {"chargingRateUnit": "A"})
    periods = answer.repaired["chargingSchedule"]["chargingSchedulePeriod"]
    assert periods[0]["limit"] == 10
    with pytest.raises(CommandRejected):
        await command("GetCompositeSchedule", asked | {"chargingRateUnit": "W"})


async def test_offline(station: ChargingStation, charger: Charger) -> None:
    """Nothing is shown that no charger has accepted."""
    await charger.disconnect()
    with pytest.raises(StationOffline):
        await station.smart_charging.set_limit(1, 10)
    assert station.smart_charging.limit(1) is None
