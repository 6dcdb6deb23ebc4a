"""The messages on a station's display."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.display_message import OUR_MESSAGE
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import Part, StationSettings, Topic
from tests.csms.conftest import IDENTITY, MakeCharger, MakeTwo, prepared, until
from tests.simulator_v2 import CallError, Station as Two


def message(number: int, text: str = "Hello", **fields: Any) -> dict[str, Any]:
    """Return a message."""
    content = {"format": "UTF8", "content": text}
    return {"id": number, "priority": "NormalCycle", "message": content} | fields


async def set_message(station: ChargingStation, wanted: dict[str, Any]) -> None:
    """Have a message shown, as an action does."""
    await station.sending.command("SetDisplayMessage", {"message": wanted})
    station.flush()


async def get_messages(
    station: ChargingStation, number: int = 1, **filters: Any
) -> list[Any]:
    """Ask for messages, as an action does."""
    _, report = await station.reports.command(
        "GetDisplayMessages", {"requestId": number, **filters}, silence=1
    )
    return [item for part in report.parts() for item in part.get("messageInfo", ())]


async def test_o01_a_message_is_shown(station: ChargingStation, two: Two) -> None:
    """It is known from then on, with all that was said of it."""
    wanted = message(1, state="Charging", startDateTime="2026-10-20T08:00:00Z")
    await set_message(station, wanted)
    assert two.state.messages == {1: wanted}
    assert station.display_message.held == {1: wanted}


@pytest.mark.parametrize(
    "word",
    [
        *("NotSupportedMessageFormat", "NotSupportedPriority", "NotSupportedState"),
        *("Rejected", "UnknownTransaction"),
    ],
)
async def test_o01_a_message_that_is_not_taken(
    station: ChargingStation, two: Two, word: str
) -> None:
    """The station's word is passed on, and nothing is known of the message."""
    two.answers["SetDisplayMessage"] = {"status": word}
    with pytest.raises(CommandRejected) as error:
        await set_message(station, message(1))
    assert error.value.status == word
    assert station.display_message.held == {}


async def test_o01_there_is_one_message_in_front_of_all(
    station: ChargingStation, two: Two
) -> None:
    """A new one takes the place of the one before."""
    await set_message(station, message(1))
    await set_message(station, message(2, priority="AlwaysFront"))
    await set_message(station, message(3, priority="AlwaysFront"))
    assert set(station.display_message.held) == set(two.state.messages) == {1, 3}


async def test_o01_a_message_is_forgotten_when_its_time_is_over(
    station: ChargingStation, two: Two
) -> None:
    """The station takes it away by itself."""
    soon = datetime.now(UTC) + timedelta(seconds=0.2)
    await set_message(station, message(1, endDateTime=soon.isoformat()))
    await set_message(station, message(2, endDateTime="2099-01-01T00:00:00"))
    await set_message(station, message(3, endDateTime="2001-01-01T00:00:00Z"))
    assert set(station.display_message.held) >= {2}
    assert 3 not in station.display_message.held
    await until(
        station, Part(Topic.DISPLAY), lambda: set(station.display_message.held) == {2}
    )


async def test_o02_a_message_for_a_transaction_goes_with_it(
    station: ChargingStation, two: Two
) -> None:
    """One for a transaction that the station does not know is refused."""
    with pytest.raises(CommandRejected) as error:
        await set_message(station, message(1, transactionId="other"))
    assert error.value.status == "UnknownTransaction"
    await two.plug_in()
    await two.present_card()
    assert two.evses[1].transaction is not None
    await set_message(station, message(1, transactionId=two.evses[1].transaction.id))
    await set_message(station, message(2))
    assert set(station.display_message.held) == {1, 2}
    await two.present_card()
    await two.unplug()
    await until(
        station, Part(Topic.DISPLAY), lambda: set(station.display_message.held) == {2}
    )


async def test_o03_all_messages_are_told_in_parts(
    station: ChargingStation, two: Two
) -> None:
    """What is not among them is not there any more, also where there is none at all."""
    await set_message(station, message(9))
    del two.state.messages[9]
    two.state.messages |= {number: message(number) for number in range(5)}
    told = await get_messages(station)
    assert told == [message(number) for number in range(5)]
    assert set(station.display_message.held) == set(range(5))
    two.state.messages.clear()
    assert await get_messages(station, 2) == []
    assert station.display_message.held == {}


async def test_o03_a_station_with_a_display_is_asked_when_it_connects(
    central: CentralSystem,
    station: ChargingStation,
    connect_station: MakeTwo,
) -> None:
    """What it holds is known then, and after a restart of this end."""
    two = await connect_station()
    two.state.messages[4] = message(4)
    await two.power_up()
    await prepared(station)
    await two.settle()
    assert set(station.display_message.held) == {4}
    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.display_message.held == {4: message(4)}
    assert reborn.display_message.seen
    await other.close()


async def test_o03_a_station_without_a_display_is_not_asked(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """It says that it has none."""
    two = await connect_station(
        without=["DisplayMessageCtrlr.Available", "DisplayMessageCtrlr.Enabled"]
    )
    await two.power_up()
    await prepared(station)
    assert not station.display_message.seen
    assert not any(frame[2] == "GetDisplayMessages" for frame in two.received)


async def test_o03_a_station_that_claims_a_display_and_has_none(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """It is not taken for one that has."""
    two = await connect_station()
    two.answers["GetDisplayMessages"] = CallError("NotImplemented")
    await two.power_up()
    await prepared(station)
    assert not station.display_message.seen


async def test_o03_a_station_that_lost_its_display(
    station: ChargingStation, two: Two
) -> None:
    """Nothing is known of messages on it any more."""
    await set_message(station, message(1))
    two.answers["GetDisplayMessages"] = CallError("NotSupported")
    await two.boot()
    await prepared(station)
    assert not station.display_message.seen
    assert station.display_message.held == {}


async def test_a_charger_of_16_is_never_asked(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """It has no such message."""
    charger = await connect_charger()
    await charger.power_up()
    await prepared(station)
    assert not station.display_message.seen


async def test_o04_some_messages_are_asked_for(
    station: ChargingStation, two: Two
) -> None:
    """The others stay known; numbers that are not there are not."""
    await set_message(station, message(1, state="Idle"))
    await set_message(station, message(2, priority="InFront"))
    await set_message(station, message(3))
    two.state.messages[1] = message(1, "Changed", state="Idle")
    assert [one["id"] for one in await get_messages(station, 1, state="Idle")] == [1]
    assert station.display_message.held[1]["message"]["content"] == "Changed"
    found = await get_messages(station, 2, priority="InFront")
    assert [one["id"] for one in found] == [2]
    del two.state.messages[3]
    assert await get_messages(station, 3, id=[3]) == []
    assert set(station.display_message.held) == {1, 2}
    assert await get_messages(station, 4, state="Faulted") == []
    assert set(station.display_message.held) == {1, 2}
    await two.wait_for_call("GetDisplayMessages")


async def test_o04_what_nobody_asked_for_is_answered_and_known(
    station: ChargingStation, two: Two
) -> None:
    """Whatever its number."""
    told = {"requestId": 99, "messageInfo": [message(7)]}
    assert await two.call("NotifyDisplayMessages", told) == {}
    assert set(station.display_message.held) == {7}


async def test_o04_what_is_no_message_is_left_out(
    station: ChargingStation, two: Two
) -> None:
    """Nor is one kept that no display has room for."""
    told = [7, {"id": "x"}, message(1, "x" * 9_000), message(2)]
    payload = {"requestId": 99, "messageInfo": told}
    assert await two.call("NotifyDisplayMessages", payload, validate=False) == {}
    assert set(station.display_message.held) == {2}


async def test_o03_a_station_that_never_ends(
    station: ChargingStation, two: Two
) -> None:
    """What it tells is not gathered for ever."""
    two.answers["GetDisplayMessages"] = {"status": "Accepted"}
    await station.sending.command("GetDisplayMessages", {"requestId": 5})
    for start in range(0, 500, 100):
        part = [message(number) for number in range(start, start + 100)]
        payload = {"requestId": 5, "messageInfo": part, "tbc": start < 400}
        await two.call("NotifyDisplayMessages", payload)
    assert len(station.display_message.held) == 200


async def test_o05_a_message_is_taken_away(station: ChargingStation, two: Two) -> None:
    """That there was none is as good."""
    await set_message(station, message(1))
    for _ in range(2):
        answer = await station.sending.command("ClearDisplayMessage", {"id": 1})
        assert station.display_message.held == {}
    assert answer.raw == {"status": "Unknown"}


async def test_o06_a_message_is_replaced_by_one_of_its_number(
    station: ChargingStation, two: Two
) -> None:
    """There are not two of them then."""
    await set_message(station, message(1, "Old"))
    await set_message(station, message(1, "New"))
    assert station.display_message.held == two.state.messages == {1: message(1, "New")}


async def test_o06_texts_of_ours_do_not_pile_up(
    station: ChargingStation, two: Two
) -> None:
    """They have one number; an empty text takes the last one away."""
    await station.display_message.show("One")
    await station.display_message.show("Two" * 500)
    assert set(two.state.messages) == {OUR_MESSAGE}
    content = two.state.messages[OUR_MESSAGE]["message"]
    assert content == {"format": "UTF8", "content": ("Two" * 500)[:512]}
    for _ in range(2):
        await station.display_message.show("")
        assert two.state.messages == {}
    assert station.display_message.held == {}


async def test_a_display_that_only_has_plain_letters(
    station: ChargingStation, two: Two
) -> None:
    """It is sent those where they are enough."""
    two.variables["DisplayMessageCtrlr.SupportedFormats"].value = "ASCII"
    await station.display_message.show("Gate is open")
    assert two.state.messages[OUR_MESSAGE]["message"]["format"] == "ASCII"
    with pytest.raises(CommandRejected) as error:
        await station.display_message.show("Grüße")
    assert error.value.status == "NotSupportedMessageFormat"
