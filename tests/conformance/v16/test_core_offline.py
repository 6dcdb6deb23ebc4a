"""Core: sessions that go through a loss of power or of the connection."""

from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from tests.conftest import eventually
from tests.simulator import Charger

from .conversation import (
    ANNA,
    CARD,
    CONNECTED,
    STATUS,
    STOP_REASON,
    UNKNOWN,
    answers,
    sessions,
    settled,
    shown,
)


def ago(minutes: float) -> datetime:
    """Return a moment in the past, as exact as chargers write it."""
    return (dt_util.utcnow() - timedelta(minutes=minutes)).replace(microsecond=0)


async def away(hass: HomeAssistant, charger: Charger) -> None:
    """Take the connection away."""
    charger.drop()
    await eventually(hass, lambda: shown(hass, CONNECTED) == "off")


@pytest.mark.proves("TC_032_1_CSMS")
async def test_a_session_ends_by_a_loss_of_power(
    hass: HomeAssistant, charging: Charger
) -> None:
    await away(hass, charging)
    await charging.connect()
    assert (await charging.boot())["status"] == "Accepted"
    await charging.status(0, "Available")
    await charging.status(1, "Finishing")
    await charging.stop(1, "PowerLoss")
    await settled(hass, charging)
    assert shown(hass, STATUS) == "finishing"
    assert shown(hass, STOP_REASON) == "power_loss"
    assert shown(hass, CARD) == "unknown"
    (session,) = await sessions(hass)
    assert session["stop_reason"] == "power_loss"
    assert session["energy"] == pytest.approx(1.84)


@pytest.mark.proves("TC_037_1_CSMS")
async def test_a_session_that_began_offline_runs_since_then(
    hass: HomeAssistant, charger: Charger
) -> None:
    await away(hass, charger)
    await charger.plug_in()
    began = ago(10)
    await charger.connect()
    await charger.start(1, ANNA, timestamp=began.isoformat())
    await settled(hass, charger)
    (answer,) = answers(charger, "StartTransaction")
    assert answer["idTagInfo"]["status"] == "Accepted"
    assert shown(hass, STATUS) == "charging"
    assert shown(hass, CARD) == "Anna"
    assert shown(hass, "sensor.garage_session_start") == began.isoformat()
    (session,) = await sessions(hass)
    assert session["start"] == began.isoformat()
    assert session["end"] is None


@pytest.mark.proves("TC_037_3_CSMS")
async def test_a_session_that_began_offline_with_an_unknown_card_is_refused_and_kept(
    hass: HomeAssistant, charger: Charger
) -> None:
    # It stops here one step later than this charger would by itself.
    charger.configuration["StopTransactionOnInvalidId"].value = "false"
    await away(hass, charger)
    await charger.plug_in()
    began = ago(10)
    await charger.connect()
    await charger.start(1, UNKNOWN, timestamp=began.isoformat())
    await settled(hass, charger)
    (answer,) = answers(charger, "StartTransaction")
    assert answer["idTagInfo"]["status"] == "Invalid"
    assert shown(hass, STATUS) == "charging"
    # Nobody's session runs.
    assert shown(hass, CARD) == "unknown"
    charger.connectors[1].meter_wh += 500
    await charger.stop(1, "DeAuthorized")
    await settled(hass, charger)
    assert shown(hass, STATUS) == "finishing"
    (session,) = await sessions(hass)
    assert session["id"] == answer["transactionId"]
    assert session["start"] == began.isoformat()
    assert session["stop_reason"] == "de_authorized"
    assert session["card"] == "…DDCC"
    assert session["energy"] == 0.5


@pytest.mark.proves("TC_039_CSMS")
async def test_a_session_that_was_offline_altogether_is_kept_as_it_was(
    hass: HomeAssistant, charger: Charger
) -> None:
    await away(hass, charger)
    began, ended = ago(30), ago(10)
    await charger.connect()
    start = await charger.call(
        "StartTransaction",
        {
            "connectorId": 1,
            "idTag": ANNA,
            "meterStart": 1000,
            "timestamp": began.isoformat(),
        },
    )
    assert start["idTagInfo"]["status"] == "Accepted"
    await charger.call(
        "StopTransaction",
        {
            "transactionId": start["transactionId"],
            "meterStop": 3500,
            "timestamp": ended.isoformat(),
            "reason": "Local",
        },
    )
    await settled(hass, charger)
    (session,) = await sessions(hass)
    assert session["id"] == start["transactionId"]
    assert session["card"] == "Anna"
    assert session["start"] == began.isoformat()
    assert session["end"] == ended.isoformat()
    assert session["energy"] == 2.5
    assert session["stop_reason"] == "local"
    assert shown(hass, STATUS) == "available"
    assert shown(hass, CARD) == "unknown"
