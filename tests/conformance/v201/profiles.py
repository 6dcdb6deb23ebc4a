"""Charging profiles that people send, and those that they see are there."""

from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.diagnostics import async_get_config_entry_diagnostics

from .conversation import act, moment


def profile(number: int = 21, **fields: Any) -> dict[str, Any]:
    """Return a profile that holds from now on for an hour."""
    schedule: dict[str, Any] = {
        "id": 1,
        "chargingRateUnit": "A",
        "duration": 3600,
        "chargingSchedulePeriod": [
            {
                "startPeriod": 0,
                "limit": float(fields.pop("limit", 6)),
                "numberPhases": 3,
            }
        ],
    }
    written = {
        "id": number,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
    } | fields
    if written["chargingProfileKind"] == "Absolute":
        schedule["startSchedule"] = moment(-1)
        written |= {"validFrom": moment(-1), "validTo": moment(59)}
    elif written["chargingProfileKind"] == "Recurring":
        schedule["startSchedule"] = moment(-1)
    return written | {"chargingSchedule": [schedule]}


async def send(
    hass: HomeAssistant, garage: HubCharger, evse: int, written: dict[str, Any]
) -> Any:
    """Have a person send a profile for an EVSE."""
    return await act(
        hass, garage, "set_charging_profile", evse_id=evse, charging_profile=written
    )


async def known(
    hass: HomeAssistant, entry: MockConfigEntry
) -> list[tuple[int, int, str]]:
    """Return EVSE, id and purpose of the profiles that people can see are there."""
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    return sorted(
        (it["evse"], it["id"], it["purpose"])
        for it in diagnostics["chargers"][0]["limits"]["installed"]
    )
