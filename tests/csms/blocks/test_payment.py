"""Prove what is heard of payments at stations of 2.1 (block C: C18 to C25)."""

import asyncio
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.payment import Settlement
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import Part, StationSettings, Topic, utcnow
from tests.csms.conftest import IDENTITY, MakeTwo, prepared, until
from tests.simulator_v2 import Car, Station as Two

SETTLED = {
    "pspRef": "psp-4711",
    "status": "Settled",
    "settlementAmount": 4.2,
    "settlementTime": "2026-11-21T10:00:00Z",
}


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 that was prepared."""
    two = await connect_station(version="ocpp2.1")
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


def accept(central: CentralSystem, *numbers: str) -> None:
    """Have people list VAT numbers."""
    options = {**vars(central.options), "vat_numbers": numbers}
    central.apply_options(type(central.options)(**options))


async def validate(two: Two, number: str, **extra: Any) -> dict[str, Any]:
    """Ask whether a VAT number holds."""
    return await two.call("VatNumberValidation", {"vatNumber": number, **extra})


# --- VAT numbers --------------------------------------------------------------------------


@pytest.mark.proves("VatNumberValidation", ocpp="2.1")
@pytest.mark.proves("C18.FR.09", ocpp="2.1")
async def test_a_vat_number_holds_where_people_listed_it(
    central: CentralSystem, two: Two
) -> None:
    assert await validate(two, "DE123") == {"vatNumber": "DE123", "status": "Rejected"}
    accept(central, "de 123", "AT9; Wald GmbH; Weg 1; Wien; Austria", "FR1; Bois SA")
    assert (await validate(two, "DE123"))["status"] == "Accepted"
    assert (await validate(two, "DE124"))["status"] == "Rejected"
    assert (await validate(two, "AT9"))["company"] == {
        "name": "Wald GmbH",
        "address1": "Weg 1",
        "city": "Wien",
        "country": "Austria",
    }
    # An address has to be whole.
    assert await validate(two, "FR1") == {"vatNumber": "FR1", "status": "Accepted"}


async def test_any_may_be_accepted(central: CentralSystem, two: Two) -> None:
    accept(central, "*", "AT9; Wald GmbH; Weg 1; Wien; Austria")
    assert await validate(two, "DE1") == {"vatNumber": "DE1", "status": "Accepted"}
    assert (await validate(two, "AT 9"))["company"]["name"] == "Wald GmbH"


@pytest.mark.proves("C18.FR.10", ocpp="2.1")
async def test_the_answer_names_the_evse_that_asked(two: Two) -> None:
    assert (await validate(two, "DE1", evseId=2))["evseId"] == 2
    assert "evseId" not in await validate(two, "DE1")


# --- settlement ---------------------------------------------------------------------------


@pytest.mark.proves("NotifySettlement", ocpp="2.1")
async def test_how_a_payment_ended_is_kept_with_its_session(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    await two.plug_in(1, car=Car())
    await two.present_card(1, "psp-4711", "DirectPayment")
    await two.unplug(1)
    session = station.transactions.session(1)
    assert session is not None
    told = SETTLED | {"transactionId": session.id, "receiptId": "R-1"}
    assert await two.call("NotifySettlement", told) == {}
    found = station.payment.settlement(session.number)
    assert found == Settlement("settled", 4.2, "2026-11-21T10:00:00+00:00", "R-1")
    # The reference of the payment is nobody's business here.
    assert "psp-4711" not in str(station.payment.facts())
    await station.save()
    again = central._build(IDENTITY, StationSettings())
    await again.load()
    assert again.payment.settlement(session.number) == found
    await again.stop()


async def test_a_payment_without_a_session_is_answered(
    station: ChargingStation, two: Two
) -> None:
    """Somebody paid and left before anything began (C19)."""
    cancelled = SETTLED | {"status": "Canceled", "settlementAmount": 0}
    assert await two.call("NotifySettlement", cancelled) == {}
    assert await two.call("NotifySettlement", SETTLED | {"transactionId": "?"}) == {}
    assert station.notes["NotifySettlement: of no session"] == 2


async def test_only_payments_of_shown_sessions_are_kept(
    station: ChargingStation, two: Two
) -> None:
    for _ in range(3):
        await two.plug_in(1, car=Car())
        await two.unplug(1)
        session = station.transactions.session(1)
        assert session is not None
        await two.call("NotifySettlement", SETTLED | {"transactionId": session.id})
    assert len(station.payment._settled) == 1


# --- C20 ----------------------------------------------------------------------------------


@pytest.mark.proves("C20.FR.03", ocpp="2.1")
@pytest.mark.parametrize("how", ["StopAuthorized", "EVConnectTimeout"])
async def test_a_payment_that_is_broken_off_costs_nothing(
    central: CentralSystem, station: ChargingStation, two: Two, how: str
) -> None:
    tariff = central.shared.tariff
    tariff.currency, tariff.per_session = "EUR", 2
    await two.present_card(1, "psp-4711", "DirectPayment")
    session = station.transactions.session(1)
    assert session is not None
    if how == "StopAuthorized":
        await two.present_card(1, "psp-4711", "DirectPayment")
    else:
        await two.tick(60)
    assert two.sent_calls("TransactionEvent")[-1]["triggerReason"] == how
    assert two.costs[session.id] == 0


async def test_its_end_is_answered_alike_when_it_comes_again(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """As a station does that lost the answer with its connection; also to a restart."""
    tariff = central.shared.tariff
    tariff.currency, tariff.per_session = "EUR", 2
    await two.present_card(1, "psp-4711", "DirectPayment")
    await two.present_card(1, "psp-4711", "DirectPayment")
    session, end = station.transactions.session(1), two.sent_calls("TransactionEvent")
    assert session is not None and not session.running
    # The station names who pays only where he does something.
    again = {key: it for key, it in end[-1].items() if key != "idToken"}
    assert (await two.call("TransactionEvent", again))["totalCost"] == 0
    assert (await two.call("TransactionEvent", again))["totalCost"] == 0
    await station.save()
    reborn = central._build(IDENTITY, StationSettings())
    await reborn.load()
    assert reborn.payment.of_event(session, again) == {"totalCost": 0}
    await reborn.stop()
    # Of what is shown nowhere any more nothing is kept.
    for _ in range(3):
        await two.present_card(1, "psp-4712", "DirectPayment")
        await two.present_card(1, "psp-4712", "DirectPayment")
    assert session.id not in station.payment._broken_off


async def test_one_that_charged_costs_what_it_costs(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    tariff = central.shared.tariff
    tariff.currency = "EUR"
    tariff.fix(0.5, utcnow())
    await two.plug_in(1, car=Car())
    await two.present_card(1, "psp-4711", "DirectPayment")
    two.evses[1].meter_wh += 2000
    await two.present_card(1, "psp-4711", "DirectPayment")
    await two.unplug(1)
    session = station.transactions.session(1)
    assert session is not None and not session.running
    assert two.costs[session.id] == 1


# --- on a web page ------------------------------------------------------------------------


@pytest.mark.proves("NotifyWebPaymentStarted", ocpp="2.1")
async def test_an_evse_waits_for_a_payment_until_it_is_made(
    station: ChargingStation, two: Two
) -> None:
    part = Part(Topic.TRANSACTION, 1, "payment")
    assert not station.payment.shows(1)
    request = {"evseId": 1, "timeout": 120}
    await station.sending.command("NotifyWebPaymentStarted", request)
    until_when = station.payment.paying_until(1)
    assert until_when is not None
    assert 110 < (until_when - utcnow()).total_seconds() <= 120
    assert station.payment.shows(1) and not station.payment.shows(2)
    ended = asyncio.create_task(
        until(station, part, lambda: station.payment.paying_until(1) is None)
    )
    await two.present_card(1, "psp-4711", "DirectPayment")
    await ended


async def test_or_until_its_time_is_over(station: ChargingStation, two: Two) -> None:
    request = {"evseId": 1, "timeout": 0}
    await station.sending.command("NotifyWebPaymentStarted", request)
    part = Part(Topic.TRANSACTION, 1, "payment")
    await until(station, part, lambda: station.payment.paying_until(1) is None)
    await station.sending.command(
        "NotifyWebPaymentStarted", {"evseId": 9, "timeout": 5}
    )
    assert not station.payment.shows(9)
