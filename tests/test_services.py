"""The actions, as automations use them."""

from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.model import RegistrationStatus
from custom_components.ocpp.hub import OcppHub
from tests.simulator import CallError, Charger, Silence

from .conftest import Connect, charger_subentry, eventually, ready


async def act(
    hass: HomeAssistant, action: str, device_id: str, **fields: Any
) -> dict[str, Any]:
    """Call an action as an automation does, and return its response."""
    return await hass.services.async_call(
        DOMAIN,
        action,
        {"device_id": device_id, **fields},
        blocking=True,
        return_response=True,
    )


async def test_a_rate_in_ampere_is_set_and_answered(
    hass: HomeAssistant, garage: HubCharger, charging: Charger
) -> None:
    answer = await act(hass, "set_charging_rate", garage.device_id, limit_amps=8)
    assert answer == {"value": 8.0, "unit": "A", "purpose": "TxProfile"}
    await charging.tick(10)
    assert charging.flow().current == 8
    assert charging.violations == []


async def test_a_rate_in_watts_is_converted_where_the_charger_only_takes_ampere(
    hass: HomeAssistant, garage: HubCharger, charging: Charger
) -> None:
    answer = await act(hass, "set_charging_rate", garage.device_id, limit_watts=6900)
    assert answer == {"value": 10.0, "unit": "A", "purpose": "TxProfile"}
    answer = await act(
        hass, "set_charging_rate", garage.device_id, limit_watts=2300, phases=1
    )
    assert answer["value"] == 10.0
    sent = charging.received[-1]
    assert charging.violations == []
    assert sent


async def test_a_rate_for_some_time_falls_back(
    hass: HomeAssistant, garage: HubCharger, charging: Charger
) -> None:
    await act(hass, "set_charging_rate", garage.device_id, limit_amps=16)
    await charging.wait_for_call("SetChargingProfile")
    await act(hass, "set_charging_rate", garage.device_id, limit_amps=6, duration=1)
    sent = await charging.wait_for_call("SetChargingProfile")
    # The schedule begins a minute ago.
    assert sent["csChargingProfiles"]["chargingSchedule"]["duration"] == 61
    assert hass.states.get("number.garage_current_limit").state == "6.0"
    await charging.wait_for_call("SetChargingProfile")
    await eventually(
        hass, lambda: hass.states.get("number.garage_current_limit").state == "16.0"
    )


async def test_a_whole_profile_is_sent_as_it_is(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    profile = {
        "chargingProfileId": 77,
        "stackLevel": 8,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Recurring",
        "recurrencyKind": "Daily",
        "chargingSchedule": {
            "startSchedule": "2026-10-20T00:00:00Z",
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 6},
                {"startPeriod": 28800, "limit": 16},
            ],
        },
    }
    await act(hass, "set_charging_rate", garage.device_id, limit_amps=10)
    await charger.wait_for_call("SetChargingProfile")
    answer = await act(hass, "set_charging_rate", garage.device_id, profile=profile)
    assert answer == {"value": 6, "unit": "A", "purpose": "TxDefaultProfile"}
    sent = await charger.wait_for_call("SetChargingProfile")
    assert sent == {"connectorId": 1, "csChargingProfiles": profile}
    # It took the place of the limit, which is sent again when it is wanted again.
    assert hass.states.get("number.garage_current_limit").state == "unknown"
    await act(hass, "set_charging_rate", garage.device_id, limit_amps=10)
    await charger.wait_for_call("SetChargingProfile")

    with pytest.raises(ServiceValidationError) as error:
        await act(
            hass, "set_charging_rate", garage.device_id, profile={"stackLevel": "x"}
        )
    assert error.value.translation_key == "invalid_request"


async def test_limits_are_cleared(
    hass: HomeAssistant, garage: HubCharger, charging: Charger
) -> None:
    await act(hass, "set_charging_rate", garage.device_id, limit_amps=8)
    assert await act(hass, "clear_charging_rate", garage.device_id) == {
        "status": "Accepted"
    }
    await charging.tick(10)
    assert charging.flow().current == 16
    assert hass.states.get("number.garage_current_limit").state == "unknown"
    # That there was nothing to remove is no error, and is told.
    assert await act(hass, "clear_charging_rate", garage.device_id) == {
        "status": "Unknown"
    }


async def test_a_session_is_started_with_a_card_and_a_limit_and_stopped(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    await charger.plug_in()
    answer = await act(
        hass, "start_transaction", garage.device_id, id_token="GUEST", limit_amps=7
    )
    assert answer == {"status": "Accepted"}
    await eventually(
        hass, lambda: hass.states.get("switch.garage_charging").state == "on"
    )
    assert hass.states.get("sensor.garage_id_token").state == "…ST"
    await charger.settle()
    await charger.tick(10)
    assert charger.flow().current == 7
    await act(hass, "stop_transaction", garage.device_id)
    await eventually(
        hass, lambda: hass.states.get("switch.garage_charging").state == "off"
    )
    assert charger.violations == []


async def test_what_the_charger_refuses_is_an_error(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    charger.answers["SetChargingProfile"] = {"status": "Rejected"}
    charger.answers["RemoteStartTransaction"] = {"status": "Rejected"}
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "set_charging_rate", garage.device_id, limit_amps=8)
    assert error.value.translation_key == "charging_rejected"
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "start_transaction", garage.device_id)
    assert error.value.translation_key == "charging_rejected"
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "stop_transaction", garage.device_id)
    assert error.value.translation_key == "no_transaction"


async def test_a_charger_that_is_away_is_told(
    hass: HomeAssistant, garage: HubCharger
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_charging_rate", garage.device_id, limit_amps=8)
    assert error.value.translation_key == "station_offline"
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "stop_transaction", garage.device_id)
    assert error.value.translation_key == "station_offline"


async def test_an_unchanged_limit_is_no_success_when_the_charger_is_away(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    await act(hass, "set_charging_rate", garage.device_id, limit_amps=8)
    charger.drop()
    await eventually(hass, lambda: not garage.station.connected)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_charging_rate", garage.device_id, limit_amps=8)
    assert error.value.translation_key == "station_offline"


@pytest.mark.parametrize(
    "fields",
    [
        {"limit_amps": 32.1},
        {"limit_watts": 25_000},
        {"limit_watts": 9_000, "phases": 1},
    ],
)
async def test_more_than_the_installation_allows_is_refused(
    hass: HomeAssistant, garage: HubCharger, charger: Charger, fields: dict[str, Any]
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_charging_rate", garage.device_id, **fields)
    assert error.value.translation_key == "limit_too_high"
    assert error.value.translation_placeholders["maximum"] == "32"
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "start_transaction", garage.device_id, limit_amps=33)
    assert error.value.translation_key == "limit_too_high"
    profile = {
        "chargingProfileId": 77,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 22_100}],
        },
    }
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_charging_rate", garage.device_id, profile=profile)
    assert error.value.translation_key == "limit_too_high"
    assert not [f for f in charger.received if "SetChargingProfile" in f]


@pytest.mark.parametrize(
    ("answer", "kind", "key"),
    [
        (CallError("NotSupported"), ServiceValidationError, "not_supported"),
        (CallError("InternalError"), HomeAssistantError, "command_failed"),
        (Silence, HomeAssistantError, "command_timed_out"),
    ],
)
async def test_a_start_that_fails_says_how(
    hass: HomeAssistant,
    garage: HubCharger,
    charger: Charger,
    answer: Any,
    kind: type[HomeAssistantError],
    key: str,
) -> None:
    charger.answers["RemoteStartTransaction"] = answer
    garage.station._rpc._timeout = 0.05
    with pytest.raises(kind) as error:
        await act(hass, "start_transaction", garage.device_id)
    assert error.value.translation_key == key


async def test_a_charger_that_has_to_wait_is_not_started(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    settings = garage.station.settings
    for registration in RegistrationStatus.PENDING, RegistrationStatus.REJECTED:
        garage.station.apply_settings(replace(settings, registration=registration))
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, "start_transaction", garage.device_id)
        assert error.value.translation_key == "not_accepted"
    assert not [f for f in charger.received if "RemoteStartTransaction" in f]


async def test_the_central_system_is_no_charger(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    device = device_registry.async_get_device_by_identifier(
        (DOMAIN, entry.entry_id), entry.entry_id
    )
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "stop_transaction", device.id)
    assert error.value.translation_key == "not_a_charger"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"limit_amps": 8, "limit_watts": 2000},
        {"limit_amps": -1},
        {"limit_amps": 8, "phases": 4},
        {"limit_amps": 8, "duration": 0},
    ],
)
async def test_nonsense_is_refused_before_anything_is_sent(
    hass: HomeAssistant, garage: HubCharger, charger: Charger, fields: dict[str, Any]
) -> None:
    with pytest.raises(probatio.Invalid):
        await act(hass, "set_charging_rate", garage.device_id, **fields)
    assert not [f for f in charger.received if "SetChargingProfile" in f]


class TestSeveralConnectors:
    """Actions for one connector and for the charger as a whole."""

    @pytest.fixture
    def subentries(self) -> list[Any]:
        """Have a charger with two connectors."""
        return [charger_subentry("CP2", title="Yard")]

    async def test_a_connectors_device_means_that_connector(
        self,
        hass: HomeAssistant,
        hub: OcppHub,
        connect: Connect,
        device_registry: dr.DeviceRegistry,
        entry: MockConfigEntry,
    ) -> None:
        charger = await connect("CP2", connectors=2)
        await charger.power_up()
        await ready(hass, charger)
        yard = hub.chargers["CP2"]
        second = device_registry.async_get_child_device_by_identifier(
            (DOMAIN, "CP2\x1f2"), entry.entry_id
        )
        answer = await act(hass, "set_charging_rate", second.id, limit_amps=9)
        assert answer["purpose"] == "TxDefaultProfile"
        sent = await charger.wait_for_call("SetChargingProfile")
        assert sent["connectorId"] == 2

        answer = await act(hass, "set_charging_rate", yard.device_id, limit_amps=20)
        assert answer["purpose"] == "ChargePointMaxProfile"
        sent = await charger.wait_for_call("SetChargingProfile")
        assert sent["connectorId"] == 0

        await charger.plug_in(1)
        await charger.plug_in(2)
        for connector in (1, 2):
            await charger.present_card("CARD", connector)
        await charger.settle()
        await hass.async_block_till_done()
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, "stop_transaction", yard.device_id)
        assert error.value.translation_key == "no_transaction"
        await act(hass, "stop_transaction", second.id)
        await eventually(hass, lambda: not yard.station.transactions.running(2))
        assert yard.station.transactions.running(1)
        # Only one is left, so the charger's own device is clear enough.
        await act(hass, "stop_transaction", yard.device_id)
        await eventually(hass, lambda: not yard.station.transactions.running(1))
        assert charger.violations == []
