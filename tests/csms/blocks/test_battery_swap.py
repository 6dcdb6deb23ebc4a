"""Batteries that people swap in the slots of a station (OCPP 2.1, block S)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CardNotAccepted,
    CommandRejected,
    NotAccepted,
)
from custom_components.ocpp.csms.events import CardPresented, Event
from custom_components.ocpp.csms.happenings import BatterySwapped
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import RegistrationStatus, StationSettings
from tests.csms.conftest import IDENTITY, MakeTwo, prepared
from tests.simulator_v2 import Station as Two
from tests.simulator_v2.commands.battery import battery, swap, swap_variables

OLD, FULL = battery(1, "B-OLD", 12, 91), battery(2, "B-FULL", 80, 97)


@pytest.fixture
async def two(
    central: CentralSystem, station: ChargingStation, connect_station: MakeTwo
) -> Two:
    """Return a swap station, prepared, and people with a card that is good and one not."""
    station.shared.id_tokens.replace(
        [
            IdToken(token="CARD1", name="Anna"),
            IdToken(token="LOST", name="Lost", blocked=True),
            IdToken(
                token="OLD", name="Old", valid_until=datetime.now(UTC) - timedelta(1)
            ),
        ]
    )
    two = await connect_station(version="ocpp2.1", variables=swap_variables())
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


@pytest.fixture
def events(station: ChargingStation) -> list[Event]:
    """Return what happens."""
    found: list[Event] = []
    station.follow(found.append)
    return found


def swaps(events: list[Event]) -> list[BatterySwapped]:
    """Return what happened to batteries."""
    return [event for event in events if isinstance(event, BatterySwapped)]


def serials(batteries: Any) -> list[str]:
    """Return the serial numbers of batteries."""
    return [one.serial for one in batteries]


async def request(
    station: ChargingStation, token: str, number: int = 7, type: str = "ISO14443"
) -> None:
    """Ask for a swap, as an action does."""
    await station.sending.command(
        "RequestBatterySwap",
        {"requestId": number, "idToken": {"idToken": token, "type": type}},
    )


@pytest.mark.proves("BatterySwap", ocpp="2.1")
async def test_batteries_come_and_go(
    station: ChargingStation, two: Two, events: list[Event]
) -> None:
    """What is told of one swap belongs together by its number (S03)."""
    two.state.batteries[2] = FULL
    await swap(two, "BatteryIn", 3, OLD)
    assert serials(station.battery_swap.held.values()) == ["B-OLD"]
    held = station.battery_swap.held[1]
    assert (held.state_of_charge, held.state_of_health) == (12, 91)
    await swap(two, "BatteryOut", 3, FULL)
    assert serials(station.battery_swap.held.values()) == ["B-OLD"]
    came, went = swaps(events)
    assert (came.type, went.type) == ("battery_in", "battery_out")
    assert came.number == went.number == 3
    assert (serials(came.put_in), serials(came.taken_out)) == (["B-OLD"], [])
    assert (serials(went.put_in), serials(went.taken_out)) == (["B-OLD"], ["B-FULL"])
    assert serials(went.batteries) == ["B-FULL"]
    assert came.accepted
    assert not came.requested
    assert station.battery_swap.slots == {1, 2}


async def test_a_set_of_batteries_and_the_other_order(
    station: ChargingStation, two: Two, events: list[Event]
) -> None:
    """New ones out first; each slot has its own."""
    await swap(two, "BatteryOut", 1, battery(1, "N1", 80), battery(2, "N2", 81))
    await swap(two, "BatteryIn", 1, battery(1, "O1", 10), battery(2, "O2", 11))
    assert serials(station.battery_swap.held.values()) == ["O1", "O2"]
    event = swaps(events)[-1]
    assert serials(event.put_in) == ["O1", "O2"]
    assert serials(event.taken_out) == ["N1", "N2"]


async def test_a_battery_that_is_not_fetched_is_still_there(
    station: ChargingStation, two: Two, events: list[Event]
) -> None:
    """The swap is told to be half done (S03.FR.06)."""
    await swap(two, "BatteryIn", 5, OLD)
    await swap(two, "BatteryOutTimeout", 5, FULL)
    assert serials(station.battery_swap.held.values()) == ["B-OLD", "B-FULL"]
    event = swaps(events)[-1]
    assert (event.type, event.number) == ("battery_out_timeout", 5)
    assert (serials(event.put_in), event.taken_out) == (["B-OLD"], ())


async def test_what_is_told_twice_happened_once(
    station: ChargingStation, two: Two, events: list[Event]
) -> None:
    """But a station may use a number again."""
    for _ in range(2):
        await swap(two, "BatteryIn", 1, OLD)
    for _ in range(2):
        await swap(two, "BatteryOut", 1, FULL)
    assert len(swaps(events)) == 2
    await swap(two, "BatteryIn", 1, battery(2, "B-FULL", 9))
    event = swaps(events)[-1]
    assert (serials(event.put_in), event.taken_out) == (["B-FULL"], ())


async def test_a_battery_is_in_one_slot_only(
    station: ChargingStation, two: Two
) -> None:
    await swap(two, "BatteryIn", 1, battery(1, "B"))
    await swap(two, "BatteryIn", 2, battery(2, "B"))
    assert list(station.battery_swap.held) == [2]


async def test_a_battery_is_as_full_as_the_slots_meter_says(
    station: ChargingStation, two: Two
) -> None:
    """It is charged there (S04)."""
    await swap(two, "BatteryIn", 1, OLD)
    assert station.battery_swap.state_of_charge(1) == 12
    assert station.battery_swap.state_of_charge(2) is None
    sample = {"value": 34, "measurand": "SoC"}
    value = {"timestamp": two.timestamp(), "sampledValue": [sample]}
    await two.call("MeterValues", {"evseId": 1, "meterValue": [value]})
    assert station.battery_swap.state_of_charge(1) == 34
    await swap(two, "BatteryOut", 2, OLD)
    assert station.battery_swap.state_of_charge(1) is None


# --- cards ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "accepted"), [("CARD1", True), ("LOST", False), ("NOBODY", False)]
)
async def test_the_card_of_a_swap_is_judged_like_any_other(
    station: ChargingStation,
    two: Two,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    accepted: bool,
) -> None:
    """Its use is recorded once in a swap, and nobody is told a second time."""
    recorded: list[Any] = []
    monkeypatch.setattr(station.store, "record_use", lambda *use: recorded.append(use))
    await swap(two, "BatteryIn", 1, OLD, token=token)
    await swap(two, "BatteryOut", 1, FULL, token=token)
    assert [event.accepted for event in swaps(events)] == [accepted, accepted]
    assert [event.id_token for event in swaps(events)] == [token, token]
    ((identity, evse, used, _, word, purpose),) = recorded
    assert (identity, evse, used, purpose) == (IDENTITY, 1, token, "swap")
    assert (word == "Accepted") is accepted
    assert len([event for event in events if isinstance(event, CardPresented)]) == 1


async def test_the_use_of_a_card_is_recorded_whatever_the_slot_is_called(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No database takes the number of this one; the use is of the station then."""
    recorded: list[Any] = []
    monkeypatch.setattr(station.store, "record_use", lambda *use: recorded.append(use))
    await swap(two, "BatteryIn", 1, battery(2**63, "B-OLD", 12, 91))
    ((identity, evse, used, *_),) = recorded
    assert (identity, evse, used) == (IDENTITY, 0, "CARD1")


async def test_a_card_that_was_asked_about_is_presented_once(
    station: ChargingStation, two: Two, events: list[Event]
) -> None:
    """The swap follows from it (S01)."""
    assert (await two.authorize())["status"] == "Accepted"
    await swap(two, "BatteryIn", 1, OLD)
    assert len([event for event in events if isinstance(event, CardPresented)]) == 1


async def test_of_a_pin_nothing_is_told(
    station: ChargingStation, two: Two, events: list[Event]
) -> None:
    await swap(two, "BatteryIn", 1, OLD, token="1234", type="KeyCode")
    (event,) = swaps(events)
    assert (event.id_token, event.accepted) == ("", False)
    assert "1234" not in str(station.battery_swap.facts())


# --- swaps that are asked for here ----------------------------------------------------------


@pytest.mark.proves("RequestBatterySwap", ocpp="2.1")
async def test_a_swap_is_asked_for(
    station: ChargingStation, two: Two, events: list[Event]
) -> None:
    """What happens by its number is known to be of it (S02.FR.02)."""
    two.state.batteries[2] = FULL
    await request(station, "CARD1", 41)
    await swap(two, "BatteryIn", 41, OLD)
    await swap(two, "BatteryOut", 41, FULL)
    await swap(two, "BatteryIn", 42, battery(2, "X"))
    assert [event.requested for event in swaps(events)] == [True, True, False]


@pytest.mark.proves("S02.FR.03", ocpp="2.1")
@pytest.mark.parametrize(
    ("token", "type", "word"),
    [
        ("LOST", "ISO14443", "Blocked"),
        ("OLD", "ISO14443", "Expired"),
        ("NOBODY", "ISO14443", "Unknown"),
        ("1234", "KeyCode", "Invalid"),
    ],
)
async def test_a_swap_is_not_asked_for_with_a_card_that_may_not_charge(
    station: ChargingStation, two: Two, token: str, type: str, word: str
) -> None:
    two.state.batteries[2] = FULL
    with pytest.raises(CardNotAccepted) as error:
        await request(station, token, type=type)
    assert error.value.status == word
    assert token not in str(error.value)
    assert not any(frame[2:3] == ["RequestBatterySwap"] for frame in two.received)


async def test_a_swap_that_is_refused(station: ChargingStation, two: Two) -> None:
    """There is no battery that is full enough (S02.FR.04)."""
    with pytest.raises(CommandRejected):
        await request(station, "CARD1")


async def test_a_station_that_has_to_wait_is_asked_for_nothing(
    station: ChargingStation, two: Two
) -> None:
    """Until it is accepted."""
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    with pytest.raises(NotAccepted):
        await request(station, "CARD1")


# --- memory ---------------------------------------------------------------------------------


async def test_what_a_station_holds_is_known_after_a_restart(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """Also the swap that is half done; no card is kept with it."""
    two.state.batteries[2] = FULL
    await request(station, "CARD1", 41)
    await swap(two, "BatteryIn", 41, OLD)
    assert "CARD1" not in str(station.battery_swap.facts())
    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.battery_swap.held == station.battery_swap.held
    assert reborn.battery_swap.slots == {1}
    assert reborn.battery_swap.facts() == station.battery_swap.facts()
    await other.close()


async def test_a_station_that_is_made_for_swaps_is_known_by_its_device_model(
    station: ChargingStation, two: Two
) -> None:
    assert station.battery_swap.seen


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
async def test_a_station_that_is_not_made_for_swaps(
    station: ChargingStation, connect_station: MakeTwo, version: str
) -> None:
    two = await connect_station(
        version=version, variables=swap_variables() if version == "ocpp2.0.1" else ()
    )
    await two.power_up()
    await prepared(station)
    assert not station.battery_swap.seen
    assert station.battery_swap.facts() == {}


async def test_what_is_no_battery_is_left_out(
    station: ChargingStation, two: Two, events: list[Event]
) -> None:
    """Nor does anything grow without end."""
    odd = [
        7,
        {"evseId": "x"},
        {"evseId": -1},
        {"evseId": 999, "serialNumber": "far"},
        {"evseId": 1, "serialNumber": "y" * 99, "soC": 400, "soH": None},
    ]
    told = {"eventType": "BatteryIn", "requestId": "?", "batteryData": odd}
    assert await two.call("BatterySwap", told, validate=False) == {}
    (known,) = station.battery_swap.held.values()
    assert (known.serial, known.state_of_charge) == ("y" * 50, None)
    assert station.evses == [1, 2]
    for kind, data in (("BatteryIn", []), ("Stolen", [OLD])):
        told = {"eventType": kind, "requestId": 1, "batteryData": data}
        assert await two.call("BatterySwap", told, validate=False) == {}
    assert len(swaps(events)) == 1
    for number in range(60):
        await swap(two, "BatteryIn", number, battery(1, f"S{number}"))
    assert len(station.battery_swap.facts()["swaps"]) == 50
