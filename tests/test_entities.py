"""Every entity of a charger: what it is, what it shows, and what it does."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from homeassistant.const import Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.model import Part, Topic
from tests.simulator import CallError, Charger, Silence

from .conftest import Connect, eventually, ready


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity shows."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


class TestSnapshots:
    """What a charging charger looks like, platform by platform."""

    @pytest.fixture(
        params=[
            Platform.BINARY_SENSOR,
            Platform.BUTTON,
            Platform.NUMBER,
            Platform.SENSOR,
            Platform.SWITCH,
            Platform.UPDATE,
        ],
        autouse=True,
    )
    def platform(self, request: pytest.FixtureRequest) -> Iterator[Platform]:
        """Set up one platform only, with all of its entities enabled."""
        with (
            patch("custom_components.ocpp.PLATFORMS", [request.param]),
            patch(
                "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
                return_value=True,
            ),
        ):
            yield request.param

    async def test_all_entities(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        garage: HubCharger,
        connect: Connect,
        entity_registry: er.EntityRegistry,
        snapshot: SnapshotAssertion,
    ) -> None:
        # For this charger, everything happens at one moment.
        moment = datetime(2026, 10, 20, 8, tzinfo=UTC)
        # So that what only appears with a first reservation is there too.
        garage.station.reservation.recall({"seen": [1]})
        charger = await connect(clock=lambda: moment)
        await charger.power_up()
        await ready(hass, charger)
        await charger.plug_in()
        await charger.present_card("CARD1")
        await charger.tick(600)
        await charger.settle()
        garage.station.last_seen = moment
        garage.station.changed(Part(Topic.LAST_SEEN))
        garage.station.flush()
        await hass.async_block_till_done()
        await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


async def test_a_session_from_plugging_in_to_driving_off(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    assert state(hass, "sensor.garage_status") == "available"
    assert state(hass, "binary_sensor.garage_plugged_in") == "off"
    assert state(hass, "switch.garage_charging") == "off"

    await charger.plug_in()
    await charger.settle()
    await hass.async_block_till_done()
    assert state(hass, "sensor.garage_status") == "preparing"
    assert state(hass, "binary_sensor.garage_plugged_in") == "on"
    assert state(hass, "binary_sensor.garage_charging") == "off"

    await charger.present_card("CARD1")
    await charger.tick(3600)
    await charger.settle()
    await hass.async_block_till_done()
    assert state(hass, "sensor.garage_status") == "charging"
    assert state(hass, "binary_sensor.garage_charging") == "on"
    assert state(hass, "switch.garage_charging") == "on"
    assert state(hass, "sensor.garage_id_token") == "…D1"
    assert state(hass, "sensor.garage_power") == "11040.0"
    assert state(hass, "sensor.garage_current") == "16.0"
    assert state(hass, "sensor.garage_session_energy") == "11.04"
    assert state(hass, "sensor.garage_energy") == "12.04"

    await charger.stop(reason="EVDisconnected")
    await charger.unplug()
    await charger.settle()
    await hass.async_block_till_done()
    assert state(hass, "switch.garage_charging") == "off"
    assert state(hass, "sensor.garage_stop_reason") == "ev_disconnected"
    assert state(hass, "sensor.garage_power") == "0.0"
    assert state(hass, "sensor.garage_id_token") == "unknown"
    # What was charged stays to be read until the next session.
    assert state(hass, "sensor.garage_session_energy") == "11.04"
    assert state(hass, "binary_sensor.garage_plugged_in") == "off"
    assert charger.violations == []


async def test_a_charger_that_is_away_is_unavailable_but_for_what_stays_true(
    hass: HomeAssistant, garage: HubCharger, charging: Charger
) -> None:
    charging.drop()
    await eventually(
        hass, lambda: state(hass, "binary_sensor.garage_connected") == "off"
    )
    # What happened stays true.
    told = {
        "binary_sensor.garage_connected",
        "event.garage_card",
        "event.garage_security_event",
        "event.garage_session",
        "sensor.garage_last_session",
    }
    others = [
        found
        for found in hass.states.async_all()
        if found.entity_id.split(".")[1].startswith("garage_")
        and found.entity_id not in told
    ]
    assert len(others) > 15
    assert {found.state for found in others} == {"unavailable"}

    await charging.connect()
    await eventually(
        hass, lambda: state(hass, "binary_sensor.garage_connected") == "on"
    )
    # Without a boot, everything is what it was.
    assert state(hass, "sensor.garage_status") == "charging"
    assert state(hass, "switch.garage_charging") == "on"


async def test_a_fault_hides_nothing(
    hass: HomeAssistant, garage: HubCharger, charging: Charger
) -> None:
    await charging.status(
        1, "Faulted", "GroundFailure", vendorErrorCode="E42", info="residual current"
    )
    await hass.async_block_till_done()
    assert state(hass, "sensor.garage_status") == "faulted"
    assert state(hass, "binary_sensor.garage_problem") == "on"
    assert state(hass, "sensor.garage_error_code") == "ground_failure"
    assert state(hass, "sensor.garage_vendor_error") == "E42: residual current"
    assert state(hass, "sensor.garage_session_energy") == "1.84"
    assert state(hass, "binary_sensor.garage_plugged_in") == "on"


async def test_a_fault_of_the_station_is_a_problem_of_its_connector(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    assert state(hass, "binary_sensor.garage_problem") == "off"
    await charger.status(0, "Faulted", "OtherError", info="meter lost")
    await hass.async_block_till_done()
    assert state(hass, "binary_sensor.garage_problem") == "on"
    assert state(hass, "sensor.garage_vendor_error") == "meter lost"
    assert state(hass, "sensor.garage_status") == "available"


async def test_only_what_changed_is_written(
    hass: HomeAssistant, garage: HubCharger, charging: Charger
) -> None:
    written: list[Event[EventStateChangedData]] = async_capture_events(
        hass, "state_changed"
    )
    await charging.heartbeat()
    await hass.async_block_till_done()
    assert written == []

    await charging.meter_values(
        1, [{"measurand": "Power.Active.Import", "value": "7000", "unit": "W"}]
    )
    await hass.async_block_till_done()
    assert [event.data["entity_id"] for event in written] == ["sensor.garage_power"]


async def test_readings_of_one_message_share_a_context_and_nothing_else_does(
    hass: HomeAssistant, charger: Charger
) -> None:
    """So it can be told what came together; the logbook blames no status for another."""
    await charger.plug_in()
    events: list[Event[EventStateChangedData]] = async_capture_events(
        hass, "state_changed"
    )
    await charger.present_card("CARD1")
    await charger.tick(60)
    await charger.tick(60)
    await charger.settle()
    await hass.async_block_till_done()

    def contexts(*entity_ids: str) -> list[set[str]]:
        """Return the contexts that an entity was written with, for each."""
        return [
            {it.context.id for it in events if it.data["entity_id"] == entity_id}
            for entity_id in entity_ids
        ]

    register, session = contexts("sensor.garage_energy", "sensor.garage_session_energy")
    assert len(register) == 2
    assert register <= session
    status, charging = contexts("sensor.garage_status", "binary_sensor.garage_charging")
    assert status
    assert charging
    assert not status & charging
    assert not (status | charging) & session


async def test_measurands_show_up_when_they_are_first_seen(
    hass: HomeAssistant,
    garage: HubCharger,
    charger: Charger,
    entity_registry: er.EntityRegistry,
) -> None:
    assert not hass.states.get("sensor.garage_soc")
    await charger.meter_values(
        1,
        [
            {"measurand": "SoC", "value": "55", "unit": "Percent"},
            {"measurand": "Voltage", "value": "231", "unit": "V", "phase": "L1-N"},
            {"measurand": "Power.Factor", "value": "0.98"},
        ],
    )
    await hass.async_block_till_done()
    assert state(hass, "sensor.garage_soc") == "55.0"
    for entity_id, unique_id in (
        ("sensor.garage_voltage_l1", "CP1-1-voltage_l1"),
        ("sensor.garage_power_factor", "CP1-1-power_factor"),
    ):
        found = entity_registry.async_get(entity_id)
        assert found.unique_id == unique_id
        assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_last_seen_is_there_for_those_who_want_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    connect: Connect,
) -> None:
    assert entity_registry.async_get("sensor.garage_last_seen").disabled
    entity_registry.async_update_entity("sensor.garage_last_seen", disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    url = f"ws://127.0.0.1:{entry.runtime_data.central.port}/"
    async with Charger(url, "CP1") as charger:
        await charger.heartbeat()
        await hass.async_block_till_done()
        assert state(hass, "sensor.garage_last_seen") not in ("unknown", "unavailable")


class TestLimits:
    """The number that limits a charger."""

    async def test_it_shows_what_the_charger_accepted(
        self, hass: HomeAssistant, garage: HubCharger, charging: Charger
    ) -> None:
        assert state(hass, "number.garage_current_limit") == "unknown"
        await set_number(hass, 10)
        assert state(hass, "number.garage_current_limit") == "10.0"
        await charging.tick(10)
        assert charging.flow().current == 10

        charging.answers["SetChargingProfile"] = {"status": "Rejected"}
        with pytest.raises(HomeAssistantError) as refused:
            await set_number(hass, 12)
        assert refused.value.translation_key == "charging_rejected"
        assert state(hass, "number.garage_current_limit") == "10.0"

    async def test_it_cannot_be_set_above_the_chargers_maximum(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        with pytest.raises(ServiceValidationError):
            await set_number(hass, 33)

    async def test_the_station_as_a_whole_is_limited_too(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        entity_registry: er.EntityRegistry,
    ) -> None:
        entity_registry.async_update_entity(
            "number.garage_station_limit", disabled_by=None
        )
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        url = f"ws://127.0.0.1:{entry.runtime_data.central.port}/"
        async with Charger(url, "CP1") as charger:
            await charger.power_up()
            await ready(hass, charger)
            await hass.services.async_call(
                "number",
                "set_value",
                {"entity_id": "number.garage_station_limit", "value": 20},
                blocking=True,
            )
            sent = await charger.wait_for_call("SetChargingProfile")
            assert sent["connectorId"] == 0
            profile = sent["csChargingProfiles"]
            assert profile["chargingProfilePurpose"] == "ChargePointMaxProfile"
            assert state(hass, "number.garage_station_limit") == "20.0"


async def set_number(hass: HomeAssistant, value: float) -> None:
    """Set the limit as a person does."""
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": "number.garage_current_limit", "value": value},
        blocking=True,
    )


class TestCommands:
    """Switches and buttons, and what people are told when they do not work."""

    async def test_a_session_is_started_and_stopped(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        await charger.plug_in()
        await turn(hass, "on", "switch.garage_charging")
        await eventually(hass, lambda: state(hass, "switch.garage_charging") == "on")
        assert state(hass, "sensor.garage_id_token") == "HomeAssistant"
        await turn(hass, "off", "switch.garage_charging")
        await eventually(hass, lambda: state(hass, "switch.garage_charging") == "off")
        assert state(hass, "sensor.garage_stop_reason") == "remote"

    async def test_stopping_without_a_session_is_told(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        with pytest.raises(ServiceValidationError) as error:
            await turn(hass, "off", "switch.garage_charging")
        assert error.value.translation_key == "no_transaction"

    async def test_a_charger_is_taken_out_of_use_and_back(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        assert state(hass, "switch.garage_available") == "on"
        await turn(hass, "off", "switch.garage_available")
        await charger.settle()
        await hass.async_block_till_done()
        assert state(hass, "switch.garage_available") == "off"
        assert state(hass, "sensor.garage_status") == "unavailable"
        await turn(hass, "on", "switch.garage_available")
        await charger.settle()
        await hass.async_block_till_done()
        assert state(hass, "switch.garage_available") == "on"

    async def test_the_cable_is_released_and_the_charger_restarted(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        await press(hass, "button.garage_unlock")
        assert await charger.wait_for_call("UnlockConnector") == {"connectorId": 1}
        boots = len(charger.sent_calls("BootNotification"))
        await press(hass, "button.garage_restart")
        assert await charger.wait_for_call("Reset") == {"type": "Soft"}
        await charger.until(lambda: len(charger.sent_calls("BootNotification")) > boots)

    @pytest.mark.parametrize(
        ("answer", "kind", "key"),
        [
            ({"status": "UnlockFailed"}, HomeAssistantError, "charging_rejected"),
            ({"status": "NotSupported"}, ServiceValidationError, "not_supported"),
            (CallError("NotImplemented"), ServiceValidationError, "not_supported"),
            (CallError("InternalError", "x"), HomeAssistantError, "command_failed"),
            ({}, HomeAssistantError, "no_status"),
        ],
    )
    async def test_each_way_to_fail_has_its_own_words(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        charger: Charger,
        answer: Any,
        kind: type[HomeAssistantError],
        key: str,
    ) -> None:
        charger.answers["UnlockConnector"] = answer
        with pytest.raises(kind) as error:
            await press(hass, "button.garage_unlock")
        assert error.value.translation_key == key
        assert error.value.translation_placeholders["charger"] == "Garage"

    async def test_a_charger_that_does_not_answer_is_told(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        charger.answers["UnlockConnector"] = Silence
        garage.station._rpc._timeout = 0.05
        with pytest.raises(HomeAssistantError) as error:
            await press(hass, "button.garage_unlock")
        assert error.value.translation_key == "command_timed_out"

    async def test_a_charger_that_leaves_before_it_answers_is_told_at_once(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        def leave(_: dict[str, Any]) -> Any:
            charger.drop()
            return {"status": "Unlocked"}

        charger.answers["UnlockConnector"] = leave
        with pytest.raises(ServiceValidationError) as error:
            await press(hass, "button.garage_unlock")
        assert error.value.translation_key == "station_offline"


async def turn(hass: HomeAssistant, way: str, entity_id: str) -> None:
    """Turn a switch as a person does."""
    await hass.services.async_call(
        "switch", f"turn_{way}", {"entity_id": entity_id}, blocking=True
    )


async def press(hass: HomeAssistant, entity_id: str) -> None:
    """Press a button as a person does."""
    await hass.services.async_call(
        "button", "press", {"entity_id": entity_id}, blocking=True
    )
