"""Reservation: a charger is kept free for a card."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conftest import Connect, eventually, ready
from tests.simulator import Charger

from .conversation import (
    ANNA,
    BEN,
    CARD,
    STATUS,
    act,
    answers,
    failure,
    found,
    requests,
    sessions,
    settled,
    shown,
    use,
)

RESERVED = "sensor.garage_reserved_until"


def in_an_hour() -> datetime:
    """Return when most reservations expire."""
    return dt_util.utcnow().replace(microsecond=0) + timedelta(hours=1)


async def reserve(
    hass: HomeAssistant, garage: HubCharger, **fields: Any
) -> dict[str, Any]:
    """Reserve for Anna."""
    fields = {"id_tag": ANNA, "expiry_date": in_an_hour()} | fields
    return await act(hass, garage, "reserve_now", **fields)


async def reserved(
    hass: HomeAssistant, garage: HubCharger, charger: Charger, **fields: Any
) -> int:
    """Have the connector kept free for Anna; return the number of that."""
    answer = await reserve(hass, garage, **fields)
    assert answer["status"] == "Accepted"
    await settled(hass, charger)
    (sent,) = requests(charger, "ReserveNow")
    assert (sent["connectorId"], sent["idTag"]) == (1, ANNA)
    assert sent["reservationId"] == answer["reservationId"]
    assert shown(hass, STATUS) == "reserved"
    assert shown(hass, RESERVED) != "unknown"
    assert found(hass, RESERVED).attributes["card"] == "Anna"
    return int(answer["reservationId"])


@pytest.mark.proves("TC_046_CSMS")
async def test_whom_it_is_kept_for_charges(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    number = await reserved(hass, garage, charger)
    assert await charger.present_card(ANNA)
    await charger.plug_in()
    await settled(hass, charger)
    (start,) = charger.sent_calls("StartTransaction")
    assert start["reservationId"] == number
    (answer,) = answers(charger, "StartTransaction")
    assert answer["idTagInfo"]["status"] == "Accepted"
    assert shown(hass, STATUS) == "charging"
    assert shown(hass, CARD) == "Anna"
    assert shown(hass, RESERVED) == "unknown"
    (session,) = await sessions(hass)
    assert session["card"] == "Anna"


@pytest.mark.proves("TC_047_CSMS")
async def test_it_ends_when_nobody_comes(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    expires = dt_util.utcnow() + timedelta(seconds=0.8)
    await reserved(hass, garage, charger, expiry_date=expires)
    sent = datetime.fromisoformat(requests(charger, "ReserveNow")[0]["expiryDate"])
    assert abs(sent - expires) < timedelta(seconds=0.01)
    await eventually(hass, lambda: shown(hass, RESERVED) == "unknown")
    assert dt_util.utcnow() >= sent
    charger.connectors[1].reservation = None
    await charger.status(1, "Available")
    await settled(hass, charger)
    assert shown(hass, STATUS) == "available"
    assert shown(hass, RESERVED) == "unknown"


class TestRefused:
    """The charger can not be kept free, and says why."""

    async def refused(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger, status: str
    ) -> None:
        """Check that people get to know, and that nothing is shown as reserved."""
        with failure("command_rejected", command="ReserveNow", status=status):
            await reserve(hass, garage)
        (sent,) = requests(charger, "ReserveNow")
        assert (sent["connectorId"], sent["idTag"]) == (1, ANNA)
        await settled(hass, charger)
        assert hass.states.get(RESERVED) is None

    @pytest.mark.proves("TC_048_1_CSMS")
    async def test_it_is_faulted(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        await charger.status(1, "Faulted", "GroundFailure")
        await self.refused(hass, garage, charger, "Faulted")
        assert shown(hass, STATUS) == "faulted"

    @pytest.mark.proves("TC_048_2_CSMS")
    async def test_a_car_is_there(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        await charger.plug_in()
        await self.refused(hass, garage, charger, "Occupied")
        assert shown(hass, STATUS) == "preparing"

    @pytest.mark.proves("TC_048_3_CSMS")
    async def test_it_is_out_of_service(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        await use(hass, "switch.garage_available", "turn_off")
        (sent,) = requests(charger, "ChangeAvailability")
        assert sent["type"] == "Inoperative"
        await settled(hass, charger)
        assert shown(hass, STATUS) == "unavailable"
        await self.refused(hass, garage, charger, "Unavailable")
        assert shown(hass, STATUS) == "unavailable"

    @pytest.mark.proves("TC_048_4_CSMS")
    async def test_it_does_not_want_to(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        charger.answers["ReserveNow"] = {"status": "Rejected"}
        await self.refused(hass, garage, charger, "Rejected")
        assert shown(hass, STATUS) == "available"


@pytest.mark.proves("TC_049_CSMS")
async def test_a_charger_as_a_whole_is_kept_until_one_of_its_connectors_is_used(
    hass: HomeAssistant, garage: HubCharger, connect: Connect
) -> None:
    charger = await connect(connectors=2)
    await charger.power_up()
    await ready(hass, charger)
    charger.answers["ReserveNow"] = {"status": "Accepted"}
    answer = await reserve(hass, garage, connector_id=0, reservation_id=49)
    assert answer["status"] == "Accepted"
    assert requests(charger, "ReserveNow")[0]["connectorId"] == 0
    for connector in (1, 2):
        await charger.status(connector, "Reserved")
    await settled(hass, charger)
    assert found(hass, RESERVED).attributes["reservation_id"] == 49
    assert shown(hass, "sensor.garage_connector_2_status") == "reserved"

    charger.connectors[2].reservation = {"reservationId": 49}
    await charger.plug_in(2)
    assert await charger.present_card(ANNA, 2)
    await settled(hass, charger)
    assert charger.sent_calls("StartTransaction")[0]["reservationId"] == 49
    assert shown(hass, "sensor.garage_connector_2_status") == "charging"
    assert shown(hass, RESERVED) == "unknown"


@pytest.mark.proves("TC_051_CSMS")
async def test_it_is_given_up(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    number = await reserved(hass, garage, charger)
    answer = await act(hass, garage, "cancel_reservation", reservation_id=number)
    assert answer == {"status": "Accepted"}
    assert requests(charger, "CancelReservation") == [{"reservationId": number}]
    await settled(hass, charger)
    assert shown(hass, STATUS) == "available"
    assert shown(hass, RESERVED) == "unknown"


@pytest.mark.proves("TC_052_CSMS")
async def test_one_that_the_charger_does_not_know_can_not_be_given_up(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    number = await reserved(hass, garage, charger)
    charger.connectors[1].reservation = None
    with failure("command_rejected", command="CancelReservation", status="Rejected"):
        await act(hass, garage, "cancel_reservation", reservation_id=number)
    await charger.status(1, "Available")
    await settled(hass, charger)
    assert shown(hass, STATUS) == "available"


@pytest.mark.proves("TC_053_CSMS")
async def test_a_card_of_the_same_group_uses_it(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    number = await reserved(hass, garage, charger, parent_id_tag="Family")
    assert requests(charger, "ReserveNow")[0]["parentIdTag"] == "Family"
    await charger.plug_in()
    assert await charger.present_card(BEN)
    await settled(hass, charger)
    # The charger knows by the group that Ben may use what is Anna's.
    (answer,) = answers(charger, "Authorize")
    assert answer["idTagInfo"] == {"status": "Accepted", "parentIdTag": "Family"}
    (start,) = charger.sent_calls("StartTransaction")
    assert start["reservationId"] == number
    (answer,) = answers(charger, "StartTransaction")
    assert answer["idTagInfo"] == {"status": "Accepted", "parentIdTag": "Family"}
    assert shown(hass, CARD) == "Ben"
    assert shown(hass, RESERVED) == "unknown"
    (session,) = await sessions(hass)
    assert session["card"] == "Ben"
