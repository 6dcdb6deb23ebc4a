"""What people see of sessions: how long, what cost, how the last was, what happened."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.events import CardPresented, SessionEnded
from custom_components.ocpp.csms.model import IdTokenInfo, Transaction
from custom_components.ocpp.csms.store import StoreUnavailable
from custom_components.ocpp.hub import OcppHub
from tests.simulator import Charger

from .conftest import Connect, charger_subentry, eventually, ready

EVENT = "event.garage_session"
LAST = "sensor.garage_last_session"
DURATION = "sensor.garage_session_duration"


async def settled(hass: HomeAssistant, charger: Charger) -> None:
    """Wait until everything that the charger sent is shown."""
    await charger.settle()
    await hass.async_block_till_done()


@pytest.fixture
def options() -> dict[str, Any]:
    """Have a price."""
    return {"price_per_kwh": 0.5}


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: datetime = datetime(2026, 10, 20, 8, tzinfo=UTC)


class TestDuration:
    """How long a session takes."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Return the charger's clock."""
        return Clock()

    @pytest.fixture
    async def charger(
        self, hass: HomeAssistant, connect: Connect, garage: HubCharger, clock: Clock
    ) -> Charger:
        """Return a charger at which a session has just begun."""
        charger = await connect(clock=lambda: clock.now)
        await charger.power_up()
        await ready(hass, charger)
        assert hass.states.get(DURATION).state == "unknown"
        await charger.plug_in()
        await charger.present_card("CARD1")
        await settled(hass, charger)
        assert float(hass.states.get(DURATION).state) == 0
        return charger

    async def test_it_follows_the_meter(
        self, hass: HomeAssistant, charger: Charger, clock: Clock
    ) -> None:
        clock.now += timedelta(minutes=90, seconds=59)
        await charger.tick(5400)
        await settled(hass, charger)
        state = hass.states.get(DURATION)
        assert float(state.state) == 90
        assert state.attributes["unit_of_measurement"] == "min"
        clock.now += timedelta(minutes=30, seconds=31)
        await charger.stop()
        await settled(hass, charger)
        assert float(hass.states.get(DURATION).state) == 121.5

    async def test_it_goes_on_though_the_car_takes_nothing(
        self, hass: HomeAssistant, charger: Charger, clock: Clock
    ) -> None:
        shown = []
        for seconds in (59.4, 0.1, 60, 59, 3601):
            clock.now += timedelta(seconds=seconds)
            await charger.tick(0)
            await settled(hass, charger)
            shown.append(float(hass.states.get(DURATION).state))
        assert shown == [0, 1, 2, 2, 63]
        assert float(hass.states.get("sensor.garage_session_energy").state) == 0


class TestLastSession:
    """How the newest session that ended was."""

    async def test_it_stays_while_another_one_runs(
        self, hass: HomeAssistant, charging: Charger
    ) -> None:
        assert hass.states.get(LAST).state == "unknown"
        await charging.stop()
        await settled(hass, charging)
        first = hass.states.get(LAST)
        assert first.state != "unknown"
        assert first.attributes["energy"] == 1.84
        assert first.attributes["cost"] == 0.92
        assert first.attributes["currency"] == hass.config.currency
        assert first.attributes["duration"] >= 0
        assert "CARD1" not in str(first.attributes)

        await charging.present_card("CARD1")
        await settled(hass, charging)
        assert hass.states.get(LAST) == first

    async def test_it_is_known_after_a_restart_and_while_the_charger_is_away(
        self, hass: HomeAssistant, entry: MockConfigEntry, charging: Charger
    ) -> None:
        await charging.stop()
        await charging.present_card("CARD1")
        await settled(hass, charging)
        before = hass.states.get(LAST)
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        after = hass.states.get(LAST)
        assert hass.states.get(DURATION).state == "unavailable"
        assert after.state == before.state
        assert after.attributes == before.attributes

    async def test_it_is_known_after_a_restart_when_nothing_runs(
        self, hass: HomeAssistant, entry: MockConfigEntry, charging: Charger
    ) -> None:
        await charging.stop()
        await settled(hass, charging)
        before = hass.states.get(LAST)
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert hass.states.get(LAST).state == before.state

    async def test_it_is_not_known_while_the_store_is_away(
        self, hass: HomeAssistant, garage: HubCharger, charging: Charger
    ) -> None:
        ended = garage.station.transactions.ended
        await charging.stop()
        await settled(hass, charging)
        with patch.object(
            garage.station.store, "sessions", side_effect=StoreUnavailable("gone")
        ):
            await ended.load(1)
        assert ended.get(1) is None
        await ended.load(1)
        assert ended.get(1) is not None

    async def test_a_session_that_goes_on_is_not_the_last(
        self, hass: HomeAssistant, garage: HubCharger, charging: Charger
    ) -> None:
        number = garage.station.transactions.running(1).number
        await charging.status(1, "Available")
        await eventually(hass, lambda: hass.states.get(LAST).state != "unknown")
        await charging.status(1, "Charging")
        await charging.meter_values(1, transaction_id=number)
        await settled(hass, charging)
        assert garage.station.transactions.running(1).number == number
        assert hass.states.get(LAST).state == "unknown"


class TestEvents:
    """What happens."""

    async def test_a_session_starts_and_ends(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        assert hass.states.get(EVENT).state == "unknown"
        await charger.plug_in()
        await charger.present_card("CARD1")
        await settled(hass, charger)
        started = hass.states.get(EVENT)
        number = garage.station.transactions.running(1).number
        assert started.attributes["event_type"] == "started"
        assert started.attributes["session"] == number
        await charger.tick(3600)
        await charger.stop(reason="EVDisconnected")
        await settled(hass, charger)
        ended = hass.states.get(EVENT)
        assert ended.state > started.state
        told = dict(ended.attributes)
        assert told.pop("duration") >= 0
        assert told == {
            "card": "…D1",
            "cost": 5.52,
            "cost_complete": True,
            "currency": hass.config.currency,
            "energy": 11.04,
            "event_type": "ended",
            "event_types": ["started", "ended", "interrupted"],
            "friendly_name": "Garage Session",
            "session": number,
            "stop_reason": "ev_disconnected",
        }

    async def test_nobody_meant_to_end_it(
        self, hass: HomeAssistant, charging: Charger
    ) -> None:
        await charging.stop(reason="PowerLoss")
        await settled(hass, charging)
        told = hass.states.get(EVENT).attributes
        assert told["event_type"] == "interrupted"
        assert told["stop_reason"] == "power_loss"

    async def test_an_end_that_had_been_guessed_is_told_once(
        self, hass: HomeAssistant, garage: HubCharger, charging: Charger
    ) -> None:
        session = garage.station.transactions.running(1)
        await charging.status(1, "Available")
        await eventually(
            hass,
            lambda: hass.states.get(EVENT).attributes["event_type"] == "interrupted",
        )
        before = hass.states.get(EVENT)
        assert before.attributes["stop_reason"] == "unknown_end"
        await charging.stop(reason="Local")
        await settled(hass, charging)
        assert hass.states.get(EVENT) == before
        # But what is known now is shown.
        last = garage.station.transactions.ended.get(1)
        assert last.number == session.number
        assert last.stop_reason == "local"

    async def test_what_happened_stays_when_the_charger_leaves(
        self, hass: HomeAssistant, garage: HubCharger, charging: Charger
    ) -> None:
        before = hass.states.get(EVENT).state
        charging.drop()
        await eventually(hass, lambda: not garage.station.connected)
        assert hass.states.get(EVENT).state == before

    async def test_the_sessions_of_the_other_connector_are_not_told(
        self, hass: HomeAssistant, garage: HubCharger, charging: Charger
    ) -> None:
        before = hass.states.get(EVENT)
        elsewhere = Transaction(
            number=7, id="7", station="CP1", evse=2, started=datetime.now(UTC)
        )
        garage.station.happened(SessionEnded(transaction=elsewhere, interrupted=False))
        garage.station.flush()
        await hass.async_block_till_done()
        assert hass.states.get(EVENT) == before


class TestTriggers:
    """Automations that follow sessions and cards."""

    @pytest.fixture
    def subentries(self) -> list[Any]:
        """Have two chargers."""
        return [charger_subentry(), charger_subentry("CP2", title="Yard")]

    async def automate(
        self, hass: HomeAssistant, trigger: str, target: dict[str, Any]
    ) -> list[Any]:
        """Have an automation; return where its runs show up."""
        runs = async_capture_events(hass, "ran")
        assert await async_setup_component(
            hass,
            "automation",
            {
                "automation": {
                    "triggers": {"trigger": trigger, "target": target},
                    "actions": {
                        "event": "ran",
                        "event_data": {
                            key: f"{{{{ trigger.{key} | default(none) }}}}"
                            for key in (
                                *("entity_id", "charger", "evse", "card", "session"),
                                *("energy", "duration", "cost", "currency", "reason"),
                                *("interrupted", "event", "accepted"),
                            )
                        },
                    },
                }
            },
        )
        await hass.async_block_till_done()
        return runs

    async def test_a_session_starts(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        runs = await self.automate(
            hass, "ocpp.session_started", {"device_id": garage.device_id}
        )
        await charger.plug_in()
        await charger.present_card("CARD1")
        await settled(hass, charger)
        (run,) = runs
        assert run.data["entity_id"] == EVENT
        assert run.data["charger"] == "Garage"
        assert run.data["evse"] == 1
        assert run.data["session"] == garage.station.transactions.running(1).number
        await charger.stop()
        await settled(hass, charger)
        assert len(runs) == 1

    async def test_a_session_ends(self, hass: HomeAssistant, charging: Charger) -> None:
        runs = await self.automate(hass, "ocpp.session_ended", {"entity_id": EVENT})
        await charging.stop(reason="EVDisconnected")
        await settled(hass, charging)
        (run,) = runs
        assert run.data["charger"] == "Garage"
        assert (run.data["energy"], run.data["cost"]) == (1.84, 0.92)
        assert run.data["currency"] == hass.config.currency
        assert run.data["reason"] == "ev_disconnected"
        assert run.data["interrupted"] is False

        await charging.present_card("CARD1")
        await charging.stop(reason="PowerLoss")
        await settled(hass, charging)
        assert runs[1].data["interrupted"] is True

    async def test_at_another_charger_nothing_is_triggered(
        self, hass: HomeAssistant, hub: OcppHub, charger: Charger
    ) -> None:
        runs = await self.automate(
            hass, "ocpp.session_started", {"device_id": hub.chargers["CP2"].device_id}
        )
        await charger.plug_in()
        await charger.present_card("CARD1")
        await settled(hass, charger)
        assert runs == []

    async def test_a_card_is_presented(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        runs = await self.automate(
            hass, "ocpp.card_presented", {"device_id": garage.device_id}
        )
        await charger.authorize("04A2B3C4D5E6F7")
        await settled(hass, charger)
        (run,) = runs
        assert run.data["charger"] == "Garage"
        assert run.data["card"] == "…E6F7"
        assert run.data["accepted"] is True

        garage.station.happened(
            CardPresented(evse=0, id_token="X1", info=IdTokenInfo(status="Blocked"))
        )
        garage.station.flush()
        await hass.async_block_till_done()
        assert runs[1].data["accepted"] is False

    async def test_a_card_that_may_be_for_either_connector_triggers_once(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        station = garage.station
        station.add_evse(2)
        station.flush()
        await hass.async_block_till_done()
        runs = await self.automate(
            hass,
            "ocpp.card_presented",
            {"entity_id": ["event.garage_card", "event.garage_connector_2_card"]},
        )
        for evse in (0, 0, 2):
            station.happened(
                CardPresented(evse=evse, id_token="X1", info=IdTokenInfo())
            )
            station.flush()
            await hass.async_block_till_done()
        assert [run.data["evse"] for run in runs] == [None, None, 2]
        assert {run.data["charger"] for run in runs} == {"Garage"}

    async def test_events_of_others_trigger_nothing(
        self, hass: HomeAssistant, garage: HubCharger
    ) -> None:
        runs = await self.automate(
            hass, "ocpp.session_started", {"entity_id": ["event.washing_machine"]}
        )
        for moment in ("2026-10-20T08:00:00.000", "2026-10-20T09:00:00.000"):
            hass.states.async_set(
                "event.washing_machine", moment, {"event_type": "started"}
            )
            await hass.async_block_till_done()
        assert runs == []

    async def test_they_are_offered_to_people(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        offered = await async_get_all_descriptions(hass)
        for key in ("session_started", "session_ended", "card_presented"):
            assert offered[f"ocpp.{key}"]["target"]["entity"] == [
                {"integration": "ocpp", "domain": ["event"]}
            ]

    async def test_a_restart_is_no_session(
        self, hass: HomeAssistant, entry: MockConfigEntry, charging: Charger
    ) -> None:
        runs = await self.automate(hass, "ocpp.session_started", {"entity_id": EVENT})
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert hass.states.get(EVENT).attributes["event_type"] == "started"
        assert runs == []
