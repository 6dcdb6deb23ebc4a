"""Commands on their way out, and the blocks that hear of them."""

from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.block import (
    Block,
    follows,
    precedes,
    unanswered,
)
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CommandFailed,
    CommandRejected,
    CommandTimedOut,
)
from custom_components.ocpp.csms.functional_blocks import FunctionalBlocks
from custom_components.ocpp.csms.model import (
    Payload,
    RateUnit,
    RegistrationStatus,
    StationSettings,
)
from custom_components.ocpp.csms.versions import V16, V201
from tests.simulator import CallError, Charger, Silence

from .conftest import MakeCharger

OPERATIVE = {"connectorId": 0, "type": "Operative"}
INOPERATIVE = {"connectorId": 0, "type": "Inoperative"}
PROFILE = {
    "chargingProfileId": 77,
    "stackLevel": 1,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}],
    },
}


class Ears(Block):
    """A block that hears of commands."""

    def __init__(self, station: ChargingStation) -> None:
        """Have heard nothing."""
        super().__init__(station)
        self.heard: list[tuple[str, Payload]] = []

    @precedes("ClearCache", V16)
    @precedes("Reset", V16)
    def on_sending(self, payload: Payload) -> None:
        """Hear before."""
        self.heard.append(("before", payload))

    @follows("ClearCache", V16)
    @follows("Reset", V16)
    def on_accepted(self, payload: Payload, answer: Payload) -> None:
        """Hear after."""
        self.heard.append(("after", answer))

    @unanswered("ClearCache", V16)
    def on_silence(self, payload: Payload) -> None:
        """Hear that nobody answered."""
        self.heard.append(("never", payload))

    @follows("ClearCache", V201)
    def on_another_version(self, payload: Payload, answer: Payload) -> None:
        """Hear of what nobody sends."""
        raise AssertionError


@pytest.fixture
def ears(station: ChargingStation, monkeypatch: pytest.MonkeyPatch) -> Ears:
    """Return a block that hears, which no other station has."""
    monkeypatch.setattr(FunctionalBlocks, "_hearing", {})
    station.blocks["ears"] = ears = Ears(station)
    return ears


async def test_blocks_hear_of_what_was_accepted(
    station: ChargingStation, ears: Ears, charger: Charger
) -> None:
    """Whoever sent it, and of nothing else."""
    send = station.sending
    await send.command("ClearCache", {})
    await station.call("ClearCache", {})
    await send.exchange("ClearCache", {}, validate=False)
    assert [when for when, _ in ears.heard] == ["before", "after"] * 3
    ears.heard.clear()
    charger.answers["ClearCache"] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await send.command("ClearCache", {})
    await send.exchange("ClearCache", {})
    charger.answers["ClearCache"] = CallError("InternalError")
    with pytest.raises(CommandFailed):
        await send.exchange("ClearCache", {})
    assert [when for when, _ in ears.heard] == ["before"] * 3


async def test_blocks_hear_of_what_was_never_answered(
    station: ChargingStation, ears: Ears, charger: Charger
) -> None:
    """It may have been obeyed."""
    charger.answers["ClearCache"] = Silence
    with pytest.raises(CommandTimedOut):
        await station.sending.command("ClearCache", {})
    assert [when for when, _ in ears.heard] == ["before", "never"]


async def test_blocks_are_spared_what_is_not_valid(
    station: ChargingStation, ears: Ears, charger: Charger
) -> None:
    """They may rely on what the schema says."""
    charger.answers["Reset"] = {"status": "Accepted"}
    for payload in {}, {"type": 1}, {"type": "Soft", "extra": 1}:
        await station.sending.exchange("Reset", payload, validate=False)
    assert ears.heard == []
    charger.violations.clear()


async def test_the_answer_is_repaired_for_us_and_kept_for_others(
    station: ChargingStation, ears: Ears, charger: Charger
) -> None:
    """Small letters are a small fault."""
    charger.answers["ClearCache"] = {"status": "accepted"}
    answer = await station.sending.command("ClearCache", {})
    assert answer.raw == {"status": "accepted"}
    assert answer.repaired == {"status": "Accepted"}
    assert ears.heard[-1] == ("after", {"status": "Accepted"})


# --- what the blocks make of it ---------------------------------------------------------


async def test_availability(station: ChargingStation, charger: Charger) -> None:
    """Of the whole station, and not before it is so."""
    charger.answers["ChangeAvailability"] = {"status": "Accepted"}
    await station.call("ChangeAvailability", INOPERATIVE)
    assert station.availability.operative is False
    charger.answers["ChangeAvailability"] = {"status": "Scheduled"}
    await station.call("ChangeAvailability", OPERATIVE)
    assert station.availability.operative is False
    charger.answers["ChangeAvailability"] = {"status": "Accepted"}
    await station.call("ChangeAvailability", OPERATIVE | {"connectorId": 1})
    assert station.availability.operative is False


async def test_configuration(station: ChargingStation, charger: Charger) -> None:
    """What is known of it stays true; what may be a secret is not kept."""
    charger.answers["ChangeConfiguration"] = {"status": "Accepted"}
    change = "ChangeConfiguration"
    await station.call(change, {"key": "metervaluesampleINTERVAL", "value": "7"})
    await station.call(change, {"key": "AuthorizationKey", "value": "00ff"})
    assert station.provisioning.value("MeterValueSampleInterval") == "7"
    assert "00ff" not in str(station.provisioning.facts())
    key = {"key": "NumberOfConnectors", "readonly": True, "value": "3"}
    charger.answers["GetConfiguration"] = {"configurationKey": [key]}
    await station.call("GetConfiguration", {})
    assert station.evses == [1, 2, 3]


async def test_profile_of_somebody_else(
    station: ChargingStation, charger: Charger
) -> None:
    """It takes the place of our limit, which is sent anew when it is wanted again."""
    charger.answers["SetChargingProfile"] = {"status": "Accepted"}
    await station.smart_charging.set_limit(1, 10)
    limit = station.smart_charging.installed.profiles[0]
    profile = PROFILE | {"stackLevel": limit.stack_level}
    payload = {"connectorId": 1, "csChargingProfiles": profile}
    await station.call("SetChargingProfile", payload)
    assert station.smart_charging.limit(1) is None
    sent = len([f for f in charger.received if f[2] == "SetChargingProfile"])
    await station.smart_charging.set_limit(1, 10)
    frames = [f for f in charger.received if f[2] == "SetChargingProfile"]
    assert len(frames) == sent + 1


@pytest.mark.parametrize(
    ("filters", "gone"),
    [
        ({}, True),
        ({"connectorId": 1}, True),
        ({"chargingProfilePurpose": "TxDefaultProfile"}, True),
        ({"id": 3}, True),
        ({"id": 77}, False),
        ({"connectorId": 2}, False),
        ({"chargingProfilePurpose": "TxProfile"}, False),
        ({"connectorId": 1, "stackLevel": 1}, False),
    ],
)
@pytest.mark.parametrize("status", ["Accepted", "Unknown"])
async def test_profiles_cleared_by_somebody_else(
    station: ChargingStation,
    charger: Charger,
    filters: dict[str, Any],
    gone: bool,
    status: str,
) -> None:
    """Only what was certainly among them is known no more."""
    charger.answers["SetChargingProfile"] = {"status": "Accepted"}
    charger.answers["ClearChargingProfile"] = {"status": status}
    await station.smart_charging.set_limit(1, 10)
    await station.call("ClearChargingProfile", filters)
    assert (station.smart_charging.limit(1) is None) is gone
    assert bool(station.smart_charging.facts()["limits"]) is not gone


async def test_a_limit_for_some_time_that_is_cleared_leaves_the_other(
    station: ChargingStation, charger: Charger
) -> None:
    """The station may hold it still: it is sent again when it is wanted."""
    charger.answers["ClearChargingProfile"] = {"status": "Accepted"}
    await charger.start()
    charger.answers["SetChargingProfile"] = lambda payload: {
        "status": "Accepted"
        if payload["csChargingProfiles"]["chargingProfilePurpose"] == PURPOSE
        else "Rejected"
    }
    await station.smart_charging.set_limit(1, 10)
    charger.answers["SetChargingProfile"] = {"status": "Accepted"}
    await station.smart_charging.set_limit(1, 6, RateUnit.AMPERE, duration=60)
    limit = station.smart_charging.limit(1)
    assert limit is not None
    payload = {"id": 4} if limit.purpose == "TxProfile" else {"id": 3}
    await station.call("ClearChargingProfile", payload)
    assert station.smart_charging.limit(1) is None


PURPOSE = "TxDefaultProfile"


async def test_messages_that_are_asked_for(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """A station that has to wait may send them, and the one of another name too."""
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    charger = await connect_charger()
    await charger.boot()
    with pytest.raises(CallError):
        await charger.heartbeat()
    await station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await charger.settle()
    await charger.heartbeat()
    ask = {"requestedMessage": "SignChargePointCertificate"}
    await station.call("ExtendedTriggerMessage", ask)
    assert await charger.call("SignCertificate", {"csr": "x"}) == {"status": "Rejected"}
    await charger.settle()


async def test_starts_that_are_asked_for(
    station: ChargingStation, charger: Charger
) -> None:
    """Their card is expected, whoever asked."""
    charger.answers["RemoteStartTransaction"] = {"status": "Accepted"}
    assert not station.remote_control.has_started("card7")
    await station.call("RemoteStartTransaction", {"idTag": "CARD7"})
    assert station.remote_control.has_started("card7")
