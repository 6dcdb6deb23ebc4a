"""The reference: a go-eCharger V4 with recent firmware is sent nothing that it refuses."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import NotSupported
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import Options, Part, StationSettings, Topic
from tests.simulator import CallError, Charger, ConfigKey

from .conftest import MakeCharger, prepared, until

# What it does not have: being taken out of use, reservations, a list of cards. Assumed, as is
# what it answers to them.
_ABSENT = (
    "CancelReservation",
    "ChangeAvailability",
    "GetLocalListVersion",
    "ReserveNow",
    "SendLocalList",
)
_MEASURANDS = (
    "Current.Import,Current.Offered,Energy.Active.Import.Register,Frequency,"
    "Power.Active.Import,Power.Factor,Power.Offered,Temperature,Voltage"
)
# What real ones list, but for the keys that are marked.
_CONFIGURATION = {
    "AllowOfflineTxForUnknownId": ConfigKey("false"),
    "ChargeProfileMaxStackLevel": ConfigKey("20", readonly=True),  # Assumed.
    # Assumed; the maker says that it takes ampere only.
    "ChargingScheduleAllowedChargingRateUnit": ConfigKey("Current", readonly=True),
    "ClockAlignedDataInterval": ConfigKey("0"),
    "ConnectorPhaseRotation": ConfigKey("0.RST,1.RST", readonly=True),
    "GetConfigurationMaxKeys": ConfigKey("99", readonly=True),
    "HeartbeatInterval": ConfigKey("60"),
    "LightIntensity": ConfigKey("17"),
    "LocalAuthorizeOffline": ConfigKey("true"),
    "MeterValueSampleInterval": ConfigKey("180"),
    "MeterValuesSampledData": ConfigKey(_MEASURANDS, readonly=True),
    "MeterValuesSampledDataMaxLength": ConfigKey("10", readonly=True),
    "NumberOfConnectors": ConfigKey("1", readonly=True),
    # Assumed: without the profiles that it does not have.
    "SupportedFeatureProfiles": ConfigKey(
        "Core,FirmwareManagement,SmartCharging,RemoteTrigger", readonly=True
    ),
}
# Of all that 1.6 asks of the core, what the simulated charger needs for its own sake.
_NEEDED = (
    *("AuthorizeRemoteTxRequests", "StopTransactionOnEVSideDisconnect"),
    *("ChargingScheduleMaxPeriods", "MaxChargingProfilesInstalled"),
    *("StopTransactionOnInvalidId", "StopTxnSampledData"),
)


class GoE:
    """What the charger was sent, and what it said to that."""

    def __init__(self, charger: Charger) -> None:
        """Have the charger behave as a go-eCharger does."""
        self.charger = charger
        for key in set(charger.configuration) - set(_NEEDED):
            del charger.configuration[key]
        charger.configuration |= {
            key: replace(entry) for key, entry in _CONFIGURATION.items()
        }
        charger.answers |= {action: CallError("NotImplemented") for action in _ABSENT}
        charger.answers["SetChargingProfile"] = self._profile

    @staticmethod
    def _profile(payload: dict[str, Any]) -> dict[str, str] | None:
        """Refuse what is not in whole ampere."""
        schedule = payload["csChargingProfiles"]["chargingSchedule"]
        limits = [period["limit"] for period in schedule["chargingSchedulePeriod"]]
        if schedule["chargingRateUnit"] == "A" and all(it % 1 == 0 for it in limits):
            return None
        return {"status": "Rejected"}

    def sent(self) -> list[str]:
        """Return the commands that the charger was sent."""
        return [frame[2] for frame in self.charger.received if frame[0] == 2]

    def limits(self) -> list[float]:
        """Return the limits that the charger was sent."""
        return [
            period["limit"]
            for frame in self.charger.received
            if frame[0] == 2 and frame[2] == "SetChargingProfile"
            for period in frame[3]["csChargingProfiles"]["chargingSchedule"][
                "chargingSchedulePeriod"
            ]
        ]

    async def refused(self) -> list[tuple[str, Any]]:
        """Return the commands that it did not accept, with what it said."""
        await self.charger.settle()
        said = {frame[1]: frame for frame in self.charger.sent if frame[0] in (3, 4)}
        found = []
        for frame in self.charger.received:
            if frame[0] != 2:
                continue
            answer = said[frame[1]]
            if answer[0] == 4 or answer[2].get("status", "Accepted") != "Accepted":
                found.append((frame[2], answer[2:]))
            elif answer[2].get("unknownKey"):
                found.append((frame[2], answer[2]["unknownKey"]))
        return found


@pytest.fixture
async def go_e(
    central: CentralSystem, connect_charger: MakeCharger
) -> AsyncGenerator[GoE]:
    """Return a go-eCharger that nobody knows yet; in the end it refused nothing."""
    central.apply_options(
        Options(**vars(central.shared.options) | {"local_list": True})
    )
    central.shared.id_tokens.replace([IdToken(token="CARD1", name="Ann")])
    go_e = GoE(
        await connect_charger(
            vendor="go-e", model="go-eCharger_V4", serial="000001", firmware="060.1"
        )
    )
    yield go_e
    assert await go_e.refused() == []
    assert go_e.charger.violations == []


async def adopted(central: CentralSystem, go_e: GoE) -> ChargingStation:
    """Return the charger's station, which people decided to have after it had called."""
    assert (await go_e.charger.boot())["status"] == "Pending"
    station = await central.add_station(go_e.charger.identity, StationSettings())
    await go_e.charger.until(lambda: go_e.charger.boot_status == "Accepted")
    await go_e.charger.report_status()
    await prepared(station)
    await go_e.charger.settle()
    return station


async def test_it_is_adopted_and_set_up(central: CentralSystem, go_e: GoE) -> None:
    await adopted(central, go_e)
    assert set(go_e.sent()) == {
        *("ChangeConfiguration", "GetConfiguration", "TriggerMessage")
    }
    assert go_e.charger.configuration["MeterValueSampleInterval"].value == "10"
    # The list of measurands is read-only, and was left alone.
    assert go_e.charger.configuration["MeterValuesSampledData"].value == _MEASURANDS
    assert await go_e.refused() == []


async def test_a_session_by_card_and_its_limits(
    central: CentralSystem, go_e: GoE
) -> None:
    station = await adopted(central, go_e)
    await station.smart_charging.set_limit(1, 16)
    await go_e.charger.plug_in()
    assert await go_e.charger.present_card("CARD1")
    await go_e.charger.tick(600)
    await station.smart_charging.set_limit(1, 13.7)
    await station.smart_charging.set_limit(1, 6, duration=600)
    await station.smart_charging.set_limit(0, 20)
    await station.smart_charging.set_limit(1, 0)
    await station.remote_control.stop(1)
    await go_e.charger.wait_for_call("RemoteStopTransaction")
    await go_e.charger.settle()
    assert station.transactions.running(1) is None
    assert all(limit % 1 == 0 for limit in go_e.limits())
    assert 13 in go_e.limits()
    assert await go_e.refused() == []


async def test_a_session_from_here_with_a_limit(
    central: CentralSystem, go_e: GoE
) -> None:
    station = await adopted(central, go_e)
    await go_e.charger.plug_in()
    await station.remote_control.start(1, limit=10)
    await until(
        station, Part(Topic.TRANSACTION, 1), lambda: station.transactions.running(1)
    )
    await go_e.charger.settle()
    assert station.smart_charging.amperes(1) == 10
    await station.remote_control.stop(1)
    await go_e.charger.settle()
    await go_e.charger.unplug()
    assert "RemoteStartTransaction" in go_e.sent()
    assert await go_e.refused() == []


async def test_it_comes_back_with_and_without_a_boot(
    central: CentralSystem, go_e: GoE
) -> None:
    station = await adopted(central, go_e)
    await station.smart_charging.set_limit(1, 10)
    await go_e.charger.plug_in()
    assert await go_e.charger.present_card("CARD1")
    for boots in (False, True):
        go_e.charger.drop()
        await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
        await go_e.charger.connect()
        if boots:
            await go_e.charger.power_up()
        await prepared(station)
        await go_e.charger.settle()
        await go_e.charger.tick(60)
        assert station.transactions.running(1) is not None
        assert await go_e.refused() == []


async def test_cards_that_change_are_no_reason_to_look_for_a_list(
    central: CentralSystem, go_e: GoE
) -> None:
    station = await adopted(central, go_e)
    central.shared.id_tokens.replace([IdToken(token="CARD2", name="Bob")])
    await station.local_list._refresh()
    assert not set(go_e.sent()) & set(_ABSENT)
    assert not station.availability.changeable
    assert not station.reservation.shows(1)


async def test_a_person_is_told_what_it_does_not_have(
    central: CentralSystem, go_e: GoE
) -> None:
    """Who asks for exactly that gets the charger's own answer."""
    station = await adopted(central, go_e)
    with pytest.raises(NotSupported):
        await station.sending.command(
            "ReserveNow",
            {
                "connectorId": 1,
                "expiryDate": "2031-01-01T00:00:00Z",
                "idTag": "CARD1",
                "reservationId": 1,
            },
        )
    assert [action for action, _ in await go_e.refused()] == ["ReserveNow"]
    go_e.charger.received.clear()
