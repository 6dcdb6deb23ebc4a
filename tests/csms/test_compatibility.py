"""How a charger is treated that has to be treated in another way, as the charger sees it."""

import asyncio
import re
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CommandTimedOut,
    LimitTooHigh,
    NotSupported,
)
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import (
    Options,
    Part,
    RegistrationStatus,
    StationSettings,
    Topic,
)
from tests.simulator import CallError, Charger, ConfigKey, Silence

from .blocks.test_transactions import session
from .conftest import MakeCharger, prepared, until

REGISTER = "Energy.Active.Import.Register"


def treat(station: ChargingStation, **otherwise: Any) -> None:
    """Have people say how a charger is treated."""
    station.apply_settings(StationSettings(compatibility=otherwise))


def asked(charger: Charger, action: str) -> list[dict[str, Any]]:
    """Return what the charger was sent of a command."""
    return [
        frame[3] for frame in charger.received if frame[0] == 2 and frame[2] == action
    ]


def written(charger: Charger, key: str) -> list[str]:
    """Return the values that a configuration key of the charger was given."""
    return [
        payload["value"]
        for payload in asked(charger, "ChangeConfiguration")
        if payload["key"] == key
    ]


async def boot(
    station: ChargingStation, connect_charger: MakeCharger, **options: Any
) -> Charger:
    """Return a charger that booted and was prepared."""
    charger = await connect_charger(**options)
    await charger.power_up()
    await prepared(station)
    return charger


# --- commands that are not sent ---------------------------------------------------------


async def test_a_command_is_not_sent_unless_a_person_asks_for_exactly_it(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    charger = await boot(station, connect_charger, vendor="EN+", model="AC011K")
    assert not station.availability.changeable
    with pytest.raises(NotSupported):
        await station.availability.change(operative=False)
    assert asked(charger, "ChangeAvailability") == []
    await station.sending.command(
        "ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}
    )
    assert asked(charger, "ChangeAvailability") != []


async def test_a_configuration_is_not_read_where_that_silences_the_charger(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    charger = await boot(
        station, connect_charger, vendor="Star Charge", model="Artemis"
    )
    assert asked(charger, "GetConfiguration") == []
    assert asked(charger, "ChangeConfiguration") == []
    # What does not need it goes on, and nothing is noted as gone wrong.
    assert asked(charger, "TriggerMessage") != []
    assert station.notes == {}


async def test_no_local_list_is_looked_for_at_who_has_none(
    central: CentralSystem, station: ChargingStation, connect_charger: MakeCharger
) -> None:
    central.apply_options(
        Options(**vars(station.options) | {"local_list": True}),
    )
    central.shared.id_tokens.replace([IdToken(token="CARD1", name="Ann")])
    charger = await boot(station, connect_charger, vendor="go-e", model="go-eCharger")
    assert asked(charger, "GetLocalListVersion") == []
    assert asked(charger, "SendLocalList") == []

    treat(station, never_sent=frozenset())
    await prepared(station)
    assert asked(charger, "SendLocalList") != []


async def test_messages_are_not_asked_for_that_the_charger_must_not_be_asked_for(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    treat(station, never_triggered=frozenset({"MeterValues"}))
    charger = await connect_charger()
    await charger.boot()
    await prepared(station)
    messages = [it["requestedMessage"] for it in asked(charger, "TriggerMessage")]
    assert messages == ["StatusNotification"]
    with pytest.raises(NotSupported):
        await station.remote_control.trigger("MeterValues", 1)


# --- values -----------------------------------------------------------------------------


async def test_values_are_asked_for_again_and_again_while_a_session_runs(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    charger = await boot(
        station,
        connect_charger,
        vendor="Sync EV",
        configuration={"MeterValueSampleInterval": ConfigKey("1")},
    )
    before = len(asked(charger, "TriggerMessage"))
    await charger.plug_in()
    await charger.start()

    def samples() -> bool:
        return len(asked(charger, "TriggerMessage")) >= before + 2

    await charger.until(samples)
    assert asked(charger, "TriggerMessage")[before:] == [
        {"requestedMessage": "MeterValues", "connectorId": 1}
    ] * (len(asked(charger, "TriggerMessage")) - before)

    # After a reconnect it goes on, and with the session it ends.
    charger.drop()
    await charger.connect()
    await prepared(station)
    before = len(asked(charger, "TriggerMessage"))
    await charger.until(samples)
    await charger.stop()
    asking = station.metering._asking
    assert asking is not None
    await asyncio.wait_for(asking, 5)


async def test_a_charger_that_samples_by_itself_is_not_asked(
    station: ChargingStation, charger: Charger
) -> None:
    await charger.plug_in()
    await charger.start()
    assert station.metering._asking is None


async def test_values_that_cannot_be_asked_for_just_now_are_asked_for_later(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    treat(station, samples_on_request=True)
    charger = await boot(
        station,
        connect_charger,
        configuration={"MeterValueSampleInterval": ConfigKey("1")},
    )
    await charger.plug_in()
    await charger.start()
    silent = iter([Silence])
    charger.answers["TriggerMessage"] = lambda _: next(silent, None)
    before = len(charger.sent_calls("MeterValues"))
    await charger.until(lambda: len(charger.sent_calls("MeterValues")) > before)
    assert station.notes == {"asking for values: CommandTimedOut": 1}


async def test_a_model_with_a_list_of_its_own_samples_exactly_that(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    charger = await boot(station, connect_charger, vendor="Easee", model="Home")
    (sampled,) = written(charger, "MeterValuesSampledData")
    assert sampled == f"{REGISTER},Power.Active.Import,Current.Import"
    # Thirty seconds and no less.
    assert written(charger, "MeterValueSampleInterval") == ["30"]
    # It has them now, and is left alone.
    await charger.boot()
    await prepared(station)
    assert len(written(charger, "MeterValuesSampledData")) == 1
    assert len(written(charger, "MeterValueSampleInterval")) == 1


async def test_a_list_that_the_charger_falls_over_is_replaced_before_it_is_read(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """It can hold what another central system made it accept."""
    has = f"{REGISTER},Power.Active.Import,Current.Import,Voltage"
    charger = await connect_charger(
        vendor="ABB",
        model="CDT_TACW11::NET_WIFI",
        configuration={"MeterValuesSampledData": ConfigKey("SoC,Temperature")},
    )

    def restart(_: Any) -> Any:
        if charger.configuration["MeterValuesSampledData"].value == has:
            return None
        charger.drop()
        return Silence

    charger.answers["GetConfiguration"] = restart
    await charger.power_up()
    await prepared(station)
    assert charger.connected
    assert written(charger, "MeterValuesSampledData") == [has]
    assert station.provisioning.value("MeterValuesSampledData") == has
    # It has them now, and is left alone.
    await charger.boot()
    await prepared(station)
    assert written(charger, "MeterValuesSampledData") == [has]


async def test_a_measurand_that_is_wrong_is_neither_asked_for_nor_kept(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    charger = await boot(station, connect_charger, vendor="EVBox", model="Elvi")
    (sampled,) = written(charger, "MeterValuesSampledData")
    assert sampled == (
        f"{REGISTER},Power.Active.Import,Current.Import,Voltage,Temperature"
    )
    await charger.boot()
    await prepared(station)
    assert len(written(charger, "MeterValuesSampledData")) == 1


async def test_what_people_change_about_measurands_holds_at_once(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Also at one that keeps less than it accepts, which is else not asked again."""
    charger = await connect_charger(
        configuration={"MeterValuesSampledData": ConfigKey(REGISTER)}
    )
    charger.answers["ChangeConfiguration"] = {"status": "Accepted"}
    await charger.boot()
    await prepared(station)
    assert len(written(charger, "MeterValuesSampledData")) == 1
    treat(station, measurands=(REGISTER, "Voltage"))
    await prepared(station)
    assert written(charger, "MeterValuesSampledData")[1:] == [f"{REGISTER},Voltage"]


@pytest.mark.parametrize(
    ("present", "expected"),
    [("10", ["60"]), ("59", ["60"]), ("60", []), ("0", ["60"]), ("900", ["60"])],
)
async def test_a_model_that_must_not_sample_often_does_not(
    station: ChargingStation,
    connect_charger: MakeCharger,
    present: str,
    expected: list[str],
) -> None:
    charger = await boot(
        station,
        connect_charger,
        vendor="MENNEKES",
        configuration={"MeterValueSampleInterval": ConfigKey(present)},
    )
    assert written(charger, "MeterValueSampleInterval") == expected


# --- starting ---------------------------------------------------------------------------


async def test_a_limit_follows_a_start_that_could_not_bring_it_along(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """It is that of the session only: the limit that stood before stands again."""
    charger = await boot(
        station, connect_charger, vendor="Wall Box Chargers", firmware="5.17.63"
    )
    await station.smart_charging.set_limit(1, 16)
    await charger.plug_in()
    with pytest.raises(LimitTooHigh):
        await station.remote_control.start(1, limit=99)
    await station.remote_control.start(1, limit=8)
    await until(
        station,
        Part(Topic.LIMIT, 1),
        lambda: station.smart_charging.amperes(1) == 8,
    )
    (start,) = asked(charger, "RemoteStartTransaction")
    assert "chargingProfile" not in start
    assert charger.flow(1).offered == 8
    await charger.settle()
    await charger.stop()
    await until(
        station,
        Part(Topic.LIMIT, 1),
        lambda: station.smart_charging.amperes(1) == 16,
    )
    await charger.unplug()
    await charger.plug_in()
    await charger.start()
    await charger.settle()
    assert charger.flow(1).offered == 16


async def test_the_limit_of_a_start_that_was_refused_limits_nothing(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    treat(station, start_with_profile=False)
    charger = await boot(station, connect_charger)
    charger.answers["RemoteStartTransaction"] = CallError("InternalError")
    with pytest.raises(Exception, match="RemoteStartTransaction"):
        await station.remote_control.start(None, limit=8)
    await charger.plug_in()
    await charger.start()
    await charger.settle()
    assert asked(charger, "SetChargingProfile") == []


async def test_a_limit_of_a_start_that_is_refused_is_noted(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    treat(station, start_with_profile=False)
    charger = await boot(station, connect_charger)
    charger.answers["SetChargingProfile"] = {"status": "Rejected"}
    await charger.plug_in()
    await station.remote_control.start(None, limit=8)
    await charger.wait_for_call("SetChargingProfile")
    await asyncio.wait(station._tasks, timeout=5)
    assert "limit of a start: CommandRejected" in station.notes
    assert station.smart_charging.amperes(1) is None


async def test_a_model_that_starts_with_one_token_only_is_started_with_that(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Unless people gave it another; and it is known as ours."""
    charger = await boot(
        station, connect_charger, vendor="United Chargers", model="Grizzl-E Mini"
    )
    await charger.plug_in()
    await station.remote_control.start(1)
    (start,) = asked(charger, "RemoteStartTransaction")
    assert start["idTag"] == "uc_default_auth"
    assert station.remote_control.is_default("UC_DEFAULT_AUTH")
    await charger.settle()
    await charger.stop()
    station.apply_settings(StationSettings(id_token="MINE"))
    await station.remote_control.start(1)
    assert asked(charger, "RemoteStartTransaction")[1]["idTag"] == "MINE"


async def test_the_answer_to_a_start_is_held_back_and_nothing_else_is(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """The session is kept and shown at once; its limit follows the answer."""
    treat(station, start_answer_delay=1.0)
    charger = await boot(station, connect_charger)
    await station.smart_charging.set_limit(1, 10)
    await charger.plug_in()
    profiles = len(asked(charger, "SetChargingProfile"))
    loop = asyncio.get_running_loop()
    began = loop.time()
    start = asyncio.create_task(charger.start())
    await until(
        station, Part(Topic.TRANSACTION, 1), lambda: station.transactions.running(1)
    )
    assert await station.store.latest(station.identity)
    await charger.heartbeat()
    assert not start.done()
    assert len(asked(charger, "SetChargingProfile")) == profiles
    number = await start
    assert loop.time() - began >= 1
    assert session(station).number == number


async def test_a_limit_is_sent_when_the_start_that_was_held_back_is_answered(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    treat(station, start_answer_delay=0.2, start_with_profile=False)
    charger = await boot(station, connect_charger)
    await charger.plug_in()
    await station.remote_control.start(1, limit=8)
    profile = await charger.wait_for_call("SetChargingProfile")
    assert profile["csChargingProfiles"]["transactionId"] == session(station).number
    frames = [frame for frame in charger.received if frame[0] in (2, 3)]
    answer = next(
        index
        for index, frame in enumerate(frames)
        if frame[0] == 3 and "transactionId" in frame[2]
    )
    assert [frame[2] for frame in frames[answer:]][-1] == "SetChargingProfile"


async def test_a_session_that_is_over_at_once_gets_no_limit(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    treat(station, start_answer_delay=0.1, start_with_profile=False)
    charger = await boot(station, connect_charger)
    await charger.plug_in()
    await station.remote_control.start(1, limit=8)
    await charger.settle()
    await charger.stop()
    await asyncio.wait(station._tasks, timeout=2)
    assert asked(charger, "SetChargingProfile") == []


# --- time and the connection ------------------------------------------------------------


async def test_a_slow_model_is_given_its_time(
    central: CentralSystem, connect_charger: MakeCharger
) -> None:
    """Known from its boot on, on the same connection, and as soon as people say so."""
    central.apply_options(
        Options(**vars(central.shared.options) | {"call_timeout": 0.2})
    )
    station = await central.add_station("SLOW", StationSettings())
    charger = await boot(station, connect_charger, identity="SLOW", vendor="ABB")
    charger.answers["ClearCache"] = Silence
    with pytest.raises(CommandTimedOut):
        await station.call("ClearCache", {})
    treat(station, call_timeout=20.0)
    call = asyncio.create_task(station.call("ClearCache", {}))
    done, _ = await asyncio.wait([call], timeout=0.6)
    assert not done
    treat(station)
    call.cancel()
    with pytest.raises(CommandTimedOut):
        await station.call("ClearCache", {})


async def test_a_charger_that_reads_no_fractions_of_seconds_is_told_none(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """In answers and in commands alike; all others are told them, since some insist."""
    charger = await connect_charger()
    with_fractions, without = r"\.\d{3}Z$", r"T\d\d:\d\d:\d\dZ$"
    assert re.search(with_fractions, (await charger.boot())["currentTime"])
    await prepared(station)
    treat(station, whole_seconds=True)
    await prepared(station)
    assert re.search(without, (await charger.boot())["currentTime"])
    assert re.search(without, (await charger.heartbeat())["currentTime"])
    await station.sending.command(
        "ReserveNow",
        {
            "connectorId": 1,
            "expiryDate": "2031-01-01T00:00:00.000Z",
            "idTag": "CARD1",
            "reservationId": 1,
        },
    )
    assert asked(charger, "ReserveNow")[0]["expiryDate"] == "2031-01-01T00:00:00Z"


@pytest.mark.parametrize("answer", [CallError("NotImplemented"), Silence])
async def test_a_model_that_would_stay_away_keeps_its_connection(
    station: ChargingStation, connect_charger: MakeCharger, answer: Any
) -> None:
    """It is got to know as it is, without the boot that it did not do."""
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    charger = await connect_charger(vendor="TEISON", model="TeisonMe")
    charger.answers["TriggerMessage"] = answer
    assert (await charger.boot())["status"] == "Pending"
    station.apply_settings(StationSettings())
    await charger.wait_for_call("GetConfiguration")
    assert charger.connected
    assert asked(charger, "TriggerMessage")[0] == {
        "requestedMessage": "BootNotification"
    }
