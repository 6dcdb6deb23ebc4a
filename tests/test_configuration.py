"""Configuration keys as entities."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ocpp import configuration
from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.configuration_keys import SHOWN
from tests.simulator import Charger, ConfigKey

from .conftest import Connect, eventually, ready

OFFER = "switch.garage_use_card_list"
INTENSITY = "number.garage_light_intensity"
UNPLUGGED = "switch.garage_end_session_when_car_is_unplugged"
SECRETS = {
    "AuthorizationKey": ConfigKey("TOPSECRET"),
    "WifiPassword": ConfigKey("TOPSECRET"),
    "CardPin": ConfigKey("TOPSECRET", readonly=True),
    "PlugAndChargeIdentifier": ConfigKey("TOPSECRET"),
}


@pytest.fixture(autouse=True)
def everything() -> Iterator[None]:
    """Enable what people have to enable."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        return_value=True,
    ):
        yield


async def arrive(hass: HomeAssistant, connect: Connect, **keys: ConfigKey) -> Charger:
    """Have a charger with these keys come."""
    charger = await connect(configuration=keys)
    await charger.power_up()
    await ready(hass, charger)
    return charger


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity shows."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


async def set_number(hass: HomeAssistant, value: float) -> None:
    """Set the intensity as a person does."""
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": INTENSITY, "value": value},
        blocking=True,
    )


async def turn(hass: HomeAssistant, way: str) -> None:
    """Turn the switch as a person does."""
    await hass.services.async_call(
        "switch", f"turn_{way}", {"entity_id": UNPLUGGED}, blocking=True
    )


def test_every_shown_key_is_an_entity() -> None:
    described = {
        one.configuration_key
        for one in (*configuration.KEY_NUMBERS, *configuration.KEY_SWITCHES)
    }
    assert described == set(SHOWN)


async def test_a_number(hass: HomeAssistant, connect: Connect) -> None:
    charger = await arrive(hass, connect, LightIntensity=ConfigKey("40"))
    found = hass.states.get(INTENSITY)
    assert found.state == "40"
    assert found.attributes["unit_of_measurement"] == "%"
    assert found.attributes["reboot_required"] is False

    await set_number(hass, 70)
    assert charger.configuration["LightIntensity"].value == "70"
    assert state(hass, INTENSITY) == "70"

    charger.answers["ChangeConfiguration"] = {"status": "Rejected"}
    with pytest.raises(HomeAssistantError) as refused:
        await set_number(hass, 10)
    assert refused.value.translation_key == "command_rejected"
    assert state(hass, INTENSITY) == "70"


async def test_a_number_is_sent_also_where_the_charger_seems_to_have_it(
    hass: HomeAssistant, connect: Connect
) -> None:
    """Somebody changed it at the charger."""
    charger = await arrive(hass, connect, LightIntensity=ConfigKey("40"))
    charger.configuration["LightIntensity"].value = "90"
    await set_number(hass, 40)
    assert charger.configuration["LightIntensity"].value == "40"


async def test_a_switch(hass: HomeAssistant, charger: Charger) -> None:
    assert state(hass, UNPLUGGED) == "on"
    await turn(hass, "off")
    key = charger.configuration["StopTransactionOnEVSideDisconnect"]
    assert key.value == "false"
    assert state(hass, UNPLUGGED) == "off"
    await turn(hass, "on")
    assert key.value == "true"
    assert state(hass, UNPLUGGED) == "on"


async def test_what_is_changed_by_action_is_shown(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    await hass.services.async_call(
        "ocpp",
        "change_configuration",
        {
            "device_id": garage.device_id,
            "key": "StopTransactionOnEVSideDisconnect",
            "value": "False",
        },
        blocking=True,
    )
    assert state(hass, UNPLUGGED) == "off"


async def test_what_only_holds_after_a_restart_says_so(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    charger = await arrive(hass, connect, LightIntensity=ConfigKey("40", reboot=True))
    await set_number(hass, 70)
    assert state(hass, INTENSITY) == "70"
    assert hass.states.get(INTENSITY).attributes["reboot_required"] is True
    # Also after Home Assistant restarted, which is not the charger.
    facts = entry.runtime_data.chargers["CP1"].station.provisioning.facts()
    assert facts["after_reboot"] == ["LightIntensity"]
    await charger.boot()
    await hass.async_block_till_done()
    assert hass.states.get(INTENSITY).attributes["reboot_required"] is False


async def test_only_what_the_charger_has_is_there(
    hass: HomeAssistant, charger: Charger, entity_registry: er.EntityRegistry
) -> None:
    assert hass.states.get(INTENSITY) is None
    assert entity_registry.async_get(INTENSITY) is None
    assert state(hass, "number.garage_sign_of_life_every") == "300"


async def test_what_nobody_can_change_is_shown_all_the_same(
    hass: HomeAssistant, connect: Connect
) -> None:
    await arrive(
        hass,
        connect,
        LightIntensity=ConfigKey("40", readonly=True),
        LocalAuthListEnabled=ConfigKey("true", readonly=True),
    )
    assert hass.states.get(INTENSITY) is None
    assert hass.states.get(OFFER) is None
    assert state(hass, "sensor.garage_light_intensity") == "40"
    assert state(hass, "binary_sensor.garage_use_card_list") == "on"


@pytest.mark.parametrize(
    ("value", "number", "switch"),
    [
        ("", "unknown", "unknown"),
        ("bright", "unknown", "unknown"),
        ("inf", "unknown", "unknown"),
        ("7.0", "7", "unknown"),
        ("1", "1", "on"),
        ("FALSE", "unknown", "off"),
    ],
)
async def test_what_makes_no_sense_is_unknown(
    hass: HomeAssistant, connect: Connect, value: str, number: str, switch: str
) -> None:
    await arrive(
        hass,
        connect,
        LightIntensity=ConfigKey(value),
        StopTransactionOnEVSideDisconnect=ConfigKey(value),
    )
    assert (state(hass, INTENSITY), state(hass, UNPLUGGED)) == (number, switch)


async def test_it_is_known_after_home_assistant_restarted(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    await arrive(hass, connect, LightIntensity=ConfigKey("40"))
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, INTENSITY) == "unavailable"
    url = f"ws://127.0.0.1:{entry.runtime_data.central.port}/"
    async with Charger(url, "CP1") as charger:
        await charger.heartbeat()
        await eventually(hass, lambda: state(hass, INTENSITY) == "40")


async def test_secrets_are_shown_nowhere(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    connect: Connect,
    garage: HubCharger,
    hass_client: ClientSessionGenerator,
) -> None:
    charger = await arrive(hass, connect, **SECRETS)
    # Chargers may read back what they should not.
    charger.answers["GetConfiguration"] = {
        "configurationKey": [
            {"key": key, "readonly": False, "value": "TOPSECRET"} for key in SECRETS
        ]
    }
    await hass.services.async_call(
        "ocpp",
        "get_configuration",
        {"device_id": garage.device_id},
        blocking=True,
        return_response=True,
    )
    for key in ("AuthorizationKey", "WifiPassword"):
        await hass.services.async_call(
            "ocpp",
            "change_configuration",
            {"device_id": garage.device_id, "key": key, "value": "TOPSECRET"},
            blocking=True,
        )
    await hass.async_block_till_done()
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert "TOPSECRET" not in str(found)
    for shown in hass.states.async_all():
        assert "TOPSECRET" not in str(shown.as_dict())
    kept = garage.station.provisioning.facts()["keys"]
    assert "AuthorizationKey" not in kept
    assert "WifiPassword" not in kept
