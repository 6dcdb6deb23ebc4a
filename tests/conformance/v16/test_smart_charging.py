"""Smart charging: limits that a charger keeps, and what a car gets by them."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator import Charger, ConfigKey

from .conversation import (
    ANNA,
    CARD,
    STATUS,
    act,
    answers,
    requests,
    sessions,
    settled,
    shown,
)

CURRENT = "sensor.garage_current"
OFFERED = "sensor.garage_current_offered"


def at(moment: datetime) -> str:
    """Write a moment as chargers read it."""
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def absolute(number: int, purpose: str, limit: float, **fields: Any) -> dict[str, Any]:
    """Return a profile that holds from now on, for an hour."""
    now = dt_util.utcnow() - timedelta(minutes=1)
    return {
        "chargingProfileId": number,
        "stackLevel": 1,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "validFrom": at(now),
        "validTo": at(now + timedelta(hours=1)),
        "chargingSchedule": {
            "duration": 3600,
            "startSchedule": at(now),
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": limit, "numberPhases": 3}
            ],
        },
    } | fields


async def set_profile(
    hass: HomeAssistant, garage: HubCharger, profile: dict[str, Any], **fields: Any
) -> None:
    """Have the charger keep a profile."""
    answer = await act(
        hass, garage, "set_charging_profile", cs_charging_profiles=profile, **fields
    )
    assert answer == {"status": "Accepted"}


async def car_gets(hass: HomeAssistant, charger: Charger, amperes: float) -> None:
    """Check what the car is offered and takes by now, as it is shown."""
    await charger.tick(60)
    await settled(hass, charger)
    assert float(shown(hass, OFFERED)) == amperes
    # This car takes no more than 16 A.
    assert float(shown(hass, CURRENT)) == min(amperes, 16)


@pytest.mark.proves("TC_056_CSMS")
async def test_a_limit_holds_for_all_sessions(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    profile = absolute(56, "TxDefaultProfile", 6.0)
    await set_profile(hass, garage, profile)
    (sent,) = requests(charger, "SetChargingProfile")
    assert sent == {"connectorId": 1, "csChargingProfiles": profile}
    await charger.plug_in()
    assert await charger.present_card(ANNA)
    await car_gets(hass, charger, 6)


@pytest.mark.proves("TC_057_CSMS")
async def test_a_limit_holds_for_the_session_that_runs(
    hass: HomeAssistant, garage: HubCharger, charging: Charger
) -> None:
    await car_gets(hass, charging, 32)
    (session,) = await sessions(hass)
    profile = absolute(57, "TxProfile", 8.0, transactionId=session["id"])
    await set_profile(hass, garage, profile)
    sent = requests(charging, "SetChargingProfile")[-1]
    assert sent == {"connectorId": 1, "csChargingProfiles": profile}
    await car_gets(hass, charging, 8)

    # The next session is free of it.
    await charging.stop()
    await charging.unplug()
    await charging.plug_in()
    assert await charging.present_card(ANNA)
    await car_gets(hass, charging, 32)


@pytest.mark.proves("TC_059_CSMS")
async def test_a_session_starts_with_a_limit_of_its_own(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    charger.configuration["AuthorizeRemoteTxRequests"] = ConfigKey("true")
    await act(hass, garage, "start_transaction", id_token=ANNA, limit_amps=9)
    await settled(hass, charger)
    (sent,) = requests(charger, "RemoteStartTransaction")
    assert (sent["idTag"], sent["connectorId"]) == (ANNA, 1)
    profile = sent["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert not {"transactionId", "recurrencyKind"} & profile.keys()
    schedule = profile["chargingSchedule"]
    assert schedule["chargingSchedulePeriod"][0]["startPeriod"] == 0
    assert profile["chargingProfileKind"] == "Relative"
    assert "startSchedule" not in schedule

    assert shown(hass, STATUS) == "preparing"
    await charger.plug_in()
    for action in ("Authorize", "StartTransaction"):
        (answer,) = answers(charger, action)
        assert answer["idTagInfo"]["status"] == "Accepted"
    await car_gets(hass, charger, 9)
    assert shown(hass, STATUS) == "charging"
    assert shown(hass, CARD) == "Anna"


@pytest.mark.proves("TC_066_CSMS")
async def test_a_charger_says_what_all_limits_come_to(
    hass: HomeAssistant, garage: HubCharger, charging: Charger
) -> None:
    await set_profile(hass, garage, absolute(66, "TxDefaultProfile", 10.0))
    answer = await act(
        hass, garage, "get_composite_schedule", duration=300, charging_rate_unit="a"
    )
    (sent,) = requests(charging, "GetCompositeSchedule")
    assert sent == {"connectorId": 1, "duration": 300, "chargingRateUnit": "A"}
    assert answer["status"] == "Accepted"
    assert answer["connectorId"] == 1
    assert answer["chargingSchedule"] == {
        "duration": 300,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 10.0, "numberPhases": 3}
        ],
    }
    await settled(hass, charging)


@pytest.mark.proves("TC_067_CSMS")
async def test_limits_are_removed_one_by_one(
    hass: HomeAssistant, garage: HubCharger, charging: Charger
) -> None:
    async def clear(**fields: Any) -> None:
        answer = await act(hass, garage, "clear_charging_profile", **fields)
        assert answer == {"status": "Accepted"}

    (session,) = await sessions(hass)
    whole = absolute(1, "ChargePointMaxProfile", 7.0)
    default = absolute(2, "TxDefaultProfile", 8.0)
    own = absolute(3, "TxProfile", 10.0, transactionId=session["id"])
    await set_profile(hass, garage, whole, connector_id=0)
    await set_profile(hass, garage, default)
    await set_profile(hass, garage, own)
    sent = requests(charging, "SetChargingProfile")[-3:]
    assert [(one["connectorId"], one["csChargingProfiles"]) for one in sent] == [
        (0, whole),
        (1, default),
        (1, own),
    ]
    await car_gets(hass, charging, 7)

    await clear(id=1)
    assert requests(charging, "ClearChargingProfile")[-1] == {"id": 1}
    await car_gets(hass, charging, 10)

    chosen = {"charging_profile_purpose": "tx_default_profile", "stack_level": 1}
    await clear(connector_id=1, **chosen)
    assert requests(charging, "ClearChargingProfile")[-1] == {
        "connectorId": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "stackLevel": 1,
    }
    assert [
        one.profile["chargingProfileId"] for one in charging.profiles.installed
    ] == [3]
    await car_gets(hass, charging, 10)

    await clear()
    assert requests(charging, "ClearChargingProfile")[-1] == {}
    await car_gets(hass, charging, 32)
