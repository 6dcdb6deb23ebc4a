"""Start, stop, unlock and trigger, and every way they can fail."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks import remote_control
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CommandFailed,
    CommandRejected,
    CommandTimedOut,
    InvalidRequest,
    NoTransaction,
    NotSupported,
    StationOffline,
)
from custom_components.ocpp.csms.model import StationSettings
from tests.csms.blocks.test_transactions import session
from tests.csms.conftest import MakeCharger, prepared
from tests.simulator import CallError, Charger, ConfigKey, Silence


async def test_start(station: ChargingStation, charger: Charger) -> None:
    """The charger is asked with the card that is set for it."""
    await charger.plug_in()
    station.apply_settings(StationSettings(id_token="KITCHEN"))
    await station.remote_control.start(1)
    assert await charger.wait_for_call("RemoteStartTransaction") == {
        "connectorId": 1,
        "idTag": "KITCHEN",
    }
    await charger.settle()
    assert session(station).id_token == "KITCHEN"


async def test_start_with_another_card(
    station: ChargingStation, charger: Charger
) -> None:
    """A card can be named, and the connector left to the charger."""
    await station.remote_control.start(None, id_token="GUEST")
    assert await charger.wait_for_call("RemoteStartTransaction") == {"idTag": "GUEST"}


async def test_start_with_a_card_that_is_too_long(
    station: ChargingStation, charger: Charger
) -> None:
    """It is not cut: it would be another card."""
    with pytest.raises(InvalidRequest):
        await station.remote_control.start(1, id_token="G" * 21)


async def test_prescribed_card(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """A charger that only starts with its own card is started with that."""
    charger = await connect_charger(
        configuration={"PlugAndChargeIdentifier": ConfigKey("ACE0559102")}
    )
    await charger.power_up()
    await prepared(station)
    await station.remote_control.start(1)
    assert (await charger.wait_for_call("RemoteStartTransaction"))["idTag"] == (
        "ACE0559102"
    )
    assert "ACE0559102" not in str(station.provisioning.shown_keys())


async def test_stop(station: ChargingStation, charger: Charger) -> None:
    """The running session is stopped, by its own id."""
    with pytest.raises(NoTransaction):
        await station.remote_control.stop(1)
    await charger.plug_in()
    number = await charger.start()
    await station.remote_control.stop(1)
    assert await charger.wait_for_call("RemoteStopTransaction") == {
        "transactionId": number
    }
    await charger.settle()
    assert session(station).stop_reason == "remote"


async def test_stop_of_the_station(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Without an EVSE the only session is meant; of two, none."""
    charger = await connect_charger(connectors=2)
    await charger.power_up()
    await prepared(station)
    first = await charger.start(1)
    await charger.start(2, "CARD2")
    with pytest.raises(NoTransaction):
        await station.remote_control.stop()
    await charger.stop(2)
    await station.remote_control.stop()
    assert (await charger.wait_for_call("RemoteStopTransaction"))[
        "transactionId"
    ] == first


async def test_unlock(station: ChargingStation, charger: Charger) -> None:
    """The cable is released, which in 1.6 ends the session."""
    await charger.start()
    await station.remote_control.unlock(1)
    await charger.settle()
    assert session(station).stop_reason == "unlock_command"


async def test_trigger_is_answered_before_it_is(
    station: ChargingStation, charger: Charger
) -> None:
    """A message that comes ahead of the answer to the question for it is as good."""

    async def ahead(payload: dict[str, Any]) -> dict[str, Any]:
        await charger.status(1, "Preparing")
        return {"status": "Accepted"}

    charger.answers["TriggerMessage"] = ahead
    await station.remote_control.trigger("StatusNotification", 1)
    state = station.availability.state(1)
    assert state is not None and state.status == "preparing"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": "Rejected"}, CommandRejected),
        ({"status": "NotImplemented"}, CommandRejected),
        (CallError("NotImplemented"), NotSupported),
        (CallError("NotSupported"), NotSupported),
        (CallError("InternalError", "no"), CommandFailed),
        (CallError("OccurrenceConstraintViolation"), CommandFailed),
        (Silence, CommandTimedOut),
    ],
)
async def test_errors(
    central: CentralSystem,
    station: ChargingStation,
    charger: Charger,
    answer: Any,
    error: type[Exception],
) -> None:
    """Each way to fail has an error of its own, and costs nothing beyond."""
    station.shared.options = type(station.options)(call_timeout=0.1)
    station._rpc._timeout = 0.1  # type: ignore[union-attr]
    charger.answers["TriggerMessage"] = answer
    with pytest.raises(error):
        await station.remote_control.trigger("Heartbeat")
    del charger.answers["TriggerMessage"]
    await station.remote_control.trigger("Heartbeat")


async def test_errors_without_a_socket(
    station: ChargingStation, charger: Charger
) -> None:
    """Offline is known at once, before a command and in the midst of one."""
    charger.answers["UnlockConnector"] = Silence
    waiting = asyncio.create_task(station.remote_control.unlock(1))
    await charger.until(lambda: charger.received[-1][2] == "UnlockConnector")
    charger.drop()
    with pytest.raises(StationOffline):
        await waiting
    with pytest.raises(StationOffline):
        await station.remote_control.unlock(1)


async def test_asking_is_never_an_error(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """A charger without the profile is not even asked."""
    charger = await connect_charger(
        configuration={
            "SupportedFeatureProfiles": ConfigKey("Core,SmartCharging", readonly=True)
        }
    )
    await charger.power_up()
    await prepared(station)
    charger.received.clear()
    assert not await station.remote_control.ask_for("MeterValues", 1)
    assert charger.received == []


async def test_starts_that_nobody_followed_are_forgotten(
    station: ChargingStation, charger: Charger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With cards that are made up for each there would be ever more."""
    charger.answers["RemoteStartTransaction"] = {"status": "Accepted"}
    await station.remote_control.start(1, id_token="ONE")
    assert station.remote_control.has_started("ONE")
    monkeypatch.setattr(remote_control, "_FOLLOWED_WITHIN", timedelta(0))
    await station.remote_control.start(1, id_token="TWO")
    assert list(station.remote_control._starts) == ["two"]
