"""K: limits that people read and take back."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station

from .conversation import act, requests
from .profiles import known, profile, send


@pytest.mark.parametrize(
    ("wish", "sent", "status"),
    [
        pytest.param(
            {"charging_profile_id": 21},
            {"chargingProfileId": 21},
            "Accepted",
            marks=pytest.mark.proves("TC_K_05_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            {
                "charging_profile_criteria": {
                    "evseId": 1,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "stackLevel": 1,
                }
            },
            {
                "chargingProfileCriteria": {
                    "evseId": 1,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "stackLevel": 1,
                }
            },
            "Accepted",
            marks=pytest.mark.proves("TC_K_06_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            {
                "charging_profile_criteria": {
                    "evseId": 2,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "stackLevel": 1,
                }
            },
            {
                "chargingProfileCriteria": {
                    "evseId": 2,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "stackLevel": 1,
                }
            },
            "Unknown",
            marks=pytest.mark.proves("TC_K_08_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("K10", ocpp="2.0.1")
async def test_profiles_are_taken_back(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    two: Station,
    wish: dict[str, Any],
    sent: dict[str, Any],
    status: str,
) -> None:
    await send(hass, garage, 1, profile())
    await send(hass, garage, 1, profile(22, stackLevel=2))
    answer = await act(hass, garage, "clear_charging_profile", **wish)
    assert answer["status"] == status
    assert requests(two, "ClearChargingProfile")[-1] == sent
    left = [22] if status == "Accepted" else [21, 22]
    assert [it[1] for it in await known(hass, entry)] == left
    assert sorted(it.profile["id"] for it in two.profiles.installed) == left


PURPOSE = {"chargingProfilePurpose": "TxDefaultProfile"}


@pytest.mark.parametrize(
    ("evse", "criterion", "numbers"),
    [
        pytest.param(
            0, PURPOSE, [1], marks=pytest.mark.proves("TC_K_29_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            1,
            PURPOSE,
            [2, 3],
            marks=[
                pytest.mark.proves("TC_K_30_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("TC_K_35_CSMS", ocpp="2.0.1"),
            ],
        ),
        pytest.param(
            None,
            PURPOSE,
            [1, 2, 3, 4],
            marks=pytest.mark.proves("TC_K_31_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            None,
            {"chargingProfileId": [3]},
            [3],
            marks=pytest.mark.proves("TC_K_32_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            1,
            {"stackLevel": 2},
            [3],
            marks=pytest.mark.proves("TC_K_33_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            1,
            {"chargingLimitSource": ["CSO"]},
            [2, 3],
            marks=pytest.mark.proves("TC_K_34_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            1,
            PURPOSE | {"stackLevel": 1},
            [2],
            marks=pytest.mark.proves("TC_K_36_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("K09", ocpp="2.0.1")
async def test_profiles_are_read(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    evse: int | None,
    criterion: dict[str, Any],
    numbers: list[int],
) -> None:
    places = ((1, 0, 1), (2, 1, 1), (3, 1, 2), (4, 2, 1))
    for number, place, level in places:
        two.profiles.install(place, profile(number, stackLevel=level), two.clock())
    fields = {} if evse is None else {"evse_id": evse}
    answer = await act(
        hass, garage, "get_charging_profiles", charging_profile=criterion, **fields
    )
    sent = requests(two, "GetChargingProfiles")[-1]
    assert sent["chargingProfile"] == criterion
    assert sent.get("evseId") == evse
    assert answer["status"] == "Accepted"
    assert all(number in str(answer) for number in map(str, numbers))
    told = _ids(answer["chargingProfile"])
    assert sorted(told) == numbers


def _ids(found: Any) -> list[int]:
    """Return the ids of profiles, however they are put together."""
    if isinstance(found, dict):
        if "chargingProfilePurpose" in found:
            return [found["id"]]
        return [number for value in found.values() for number in _ids(value)]
    if isinstance(found, list):
        return [number for value in found for number in _ids(value)]
    return []


@pytest.mark.parametrize(
    "evse",
    [
        pytest.param(1, marks=pytest.mark.proves("TC_K_43_CSMS", ocpp="2.0.1")),
        pytest.param(0, marks=pytest.mark.proves("TC_K_44_CSMS", ocpp="2.0.1")),
    ],
)
async def test_people_see_what_all_limits_amount_to(
    hass: HomeAssistant, garage: HubCharger, two: Station, evse: int
) -> None:
    purpose = "TxDefaultProfile" if evse else "ChargingStationMaxProfile"
    await send(hass, garage, evse, profile(limit=10, chargingProfilePurpose=purpose))
    answer = await act(
        hass,
        garage,
        "get_composite_schedule",
        evse_id=evse,
        duration=300,
        charging_rate_unit="a",
    )
    assert requests(two, "GetCompositeSchedule")[-1] == {
        "evseId": evse,
        "duration": 300,
        "chargingRateUnit": "A",
    }
    schedule = answer["schedule"]
    assert (schedule["evseId"], schedule["duration"]) == (evse, 300)
    assert schedule["chargingSchedulePeriod"][0]["limit"] == 10
