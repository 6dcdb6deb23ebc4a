"""O: messages on the display. P: words of vendors."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station

from .conversation import (
    STATUS,
    Transaction,
    act,
    eventually,
    failure,
    found,
    moment,
    requests,
    settled,
    shown,
)

COUNT = "sensor.garage_display_messages"
VENDOR = "event.garage_vendor_message"


def message(number: int = 5, **fields: Any) -> dict[str, Any]:
    """Return a message as it goes on the wire."""
    return {
        "id": number,
        "priority": "NormalCycle",
        "message": {"format": "UTF8", "content": f"Hello {number}"},
    } | fields


async def show(hass: HomeAssistant, garage: HubCharger, written: dict[str, Any]) -> Any:
    """Have a person show a message."""
    return await act(hass, garage, "set_display_message", message=written)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, marks=pytest.mark.proves("TC_O_01_CSMS", ocpp="2.0.1")),
        pytest.param(
            {"startDateTime": moment(60)},
            marks=pytest.mark.proves("TC_O_13_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            {"endDateTime": moment(60)},
            marks=pytest.mark.proves("TC_O_14_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            {"state": "Charging"},
            marks=pytest.mark.proves("TC_O_25_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_a_message_is_shown(
    hass: HomeAssistant,
    everything: None,
    garage: HubCharger,
    two: Station,
    fields: dict[str, Any],
) -> None:
    written = message(**fields)
    assert await show(hass, garage, written) == {"status": "Accepted"}
    assert requests(two, "SetDisplayMessage") == [{"message": written}]
    await eventually(hass, lambda: shown(hass, COUNT) == "1")
    assert two.state.messages == {5: written}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, marks=pytest.mark.proves("TC_O_06_CSMS", ocpp="2.0.1")),
        pytest.param(
            {"startDateTime": moment(60)},
            marks=pytest.mark.proves("TC_O_27_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            {"endDateTime": moment(60), "state": "Charging"},
            marks=pytest.mark.proves("TC_O_28_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("O02", ocpp="2.0.1")
async def test_a_message_goes_with_its_session(
    hass: HomeAssistant,
    everything: None,
    garage: HubCharger,
    charging: Station,
    fields: dict[str, Any],
) -> None:
    running = charging.evses[1].transaction
    assert running is not None
    written = message(transactionId=running.id, **fields)
    assert await show(hass, garage, written) == {"status": "Accepted"}
    assert requests(charging, "SetDisplayMessage") == [{"message": written}]
    await eventually(hass, lambda: shown(hass, COUNT) == "1")
    await charging.unplug(1)
    await settled(hass, charging)
    assert shown(hass, COUNT) == "0"


@pytest.mark.proves("TC_O_12_CSMS", ocpp="2.0.1")
@pytest.mark.proves("O06", ocpp="2.0.1")
async def test_a_message_is_replaced(
    hass: HomeAssistant, everything: None, garage: HubCharger, two: Station
) -> None:
    await show(hass, garage, message())
    text = {"format": "UTF8", "content": "Good bye"}
    assert await show(hass, garage, message(message=text)) == {"status": "Accepted"}
    await eventually(hass, lambda: shown(hass, COUNT) == "1")
    assert two.state.messages[5]["message"] == text


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(
            "NotSupportedPriority",
            marks=pytest.mark.proves("TC_O_17_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "NotSupportedState",
            marks=pytest.mark.proves("TC_O_18_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "NotSupportedMessageFormat",
            marks=pytest.mark.proves("TC_O_19_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "Rejected", marks=pytest.mark.proves("TC_O_26_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            "UnknownTransaction",
            marks=pytest.mark.proves("TC_O_10_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("O01", ocpp="2.0.1")
async def test_a_message_that_is_not_taken_is_an_error(
    hass: HomeAssistant,
    everything: None,
    garage: HubCharger,
    two: Station,
    status: str,
) -> None:
    fields: dict[str, Any] = {"state": "Faulted"}
    if status == "UnknownTransaction":
        fields = {"transactionId": "none"}
    else:
        two.answers["SetDisplayMessage"] = {"status": status}
    with failure("command_rejected", command="SetDisplayMessage", status=status):
        await show(hass, garage, message(**fields))
    await settled(hass, two)
    assert requests(two, "SetDisplayMessage") == [{"message": message(**fields)}]
    assert len(garage.station.display_message.held) == 0


@pytest.mark.parametrize(
    ("wish", "numbers"),
    [
        pytest.param(
            {}, [1, 2, 3], marks=pytest.mark.proves("TC_O_02_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            {"id": [2]}, [2], marks=pytest.mark.proves("TC_O_07_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            {"priority": "in_front"},
            [3],
            marks=pytest.mark.proves("TC_O_08_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            {"state": "idle"},
            [1],
            marks=pytest.mark.proves("TC_O_09_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            {"id": [9]}, [], marks=pytest.mark.proves("TC_O_11_CSMS", ocpp="2.0.1")
        ),
    ],
)
@pytest.mark.proves("O03", ocpp="2.0.1")
@pytest.mark.proves("O04", ocpp="2.0.1")
async def test_messages_are_read(
    hass: HomeAssistant,
    everything: None,
    garage: HubCharger,
    two: Station,
    wish: dict[str, Any],
    numbers: list[int],
) -> None:
    for number, fields in (
        (1, {"state": "Idle"}),
        (2, {"state": "Charging"}),
        (3, {"priority": "InFront"}),
    ):
        two.state.messages[number] = message(number, **fields)
    answer = await act(hass, garage, "get_display_messages", **wish)
    sent = requests(two, "GetDisplayMessages")[-1]
    assert {key for key in sent if key != "requestId"} == set(wish)
    assert answer["status"] == ("Accepted" if numbers else "Unknown")
    assert [it["id"] for it in answer.get("messageInfo", [])] == numbers
    await settled(hass, two)
    assert set(garage.station.display_message.held) >= set(numbers)


@pytest.mark.proves("TC_O_03_CSMS", ocpp="2.0.1")
async def test_no_message_is_no_failure(
    hass: HomeAssistant, everything: None, garage: HubCharger, two: Station
) -> None:
    await show(hass, garage, message())
    two.state.messages.clear()
    answer = await act(hass, garage, "get_display_messages")
    assert answer["status"] == "Unknown"
    assert set(requests(two, "GetDisplayMessages")[-1]) == {"requestId"}
    await eventually(hass, lambda: shown(hass, COUNT) == "0")


@pytest.mark.parametrize(
    ("number", "status", "left"),
    [
        pytest.param(
            5, "Accepted", "0", marks=pytest.mark.proves("TC_O_04_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            6, "Unknown", "1", marks=pytest.mark.proves("TC_O_05_CSMS", ocpp="2.0.1")
        ),
    ],
)
async def test_a_message_is_taken_away(
    hass: HomeAssistant,
    everything: None,
    garage: HubCharger,
    two: Station,
    number: int,
    status: str,
    left: str,
) -> None:
    await show(hass, garage, message())
    answer = await act(hass, garage, "clear_display_message", id=number)
    assert answer == {"status": status}
    assert requests(two, "ClearDisplayMessage") == [{"id": number}]
    await eventually(hass, lambda: shown(hass, COUNT) == left)


@pytest.mark.proves("TC_P_02_CSMS", ocpp="2.0.1")
@pytest.mark.proves("P02", ocpp="2.0.1")
async def test_a_vendor_that_nobody_knows_is_told_so(
    hass: HomeAssistant, everything: None, two: Station
) -> None:
    answer = await two.data_transfer("com.example", "hello", {"snake_case": [1]})
    assert answer == {"status": "UnknownVendorId"}
    await settled(hass, two)
    event = found(hass, VENDOR).attributes
    assert (event["event_type"], event["vendor_id"]) == ("refused", "com.example")
    assert event["data"] == {"snake_case": [1]}


@pytest.mark.proves("P01", ocpp="2.0.1")
async def test_what_people_send_arrives_as_it_is(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    data = {"foo_bar": [1, {"SoCx": None, "camelCase": "ä"}]}
    answer = await act(
        hass,
        garage,
        "data_transfer",
        vendor_id="Simulator",
        message_id="Echo",
        data=data,
    )
    assert requests(two, "DataTransfer") == [
        {"vendorId": "Simulator", "messageId": "Echo", "data": data}
    ]
    assert answer == {"status": "Accepted", "data": data}


@pytest.mark.proves("TC_P_03_CSMS", ocpp="2.0.1")
async def test_what_vendors_add_is_no_obstacle(
    hass: HomeAssistant, two: Station
) -> None:
    extra = {"customData": {"vendorId": "com.example", "colour": {"red": 1}}}
    await two.status(1, 1, "Occupied", **extra)
    transaction = Transaction(two)
    answer = await transaction.tell(
        "Started",
        "CablePluggedIn",
        state="Charging",
        placed=True,
        transactionInfo=extra,
        **extra,
    )
    assert answer == {}
    await settled(hass, two)
    assert shown(hass, STATUS) == "charging"
