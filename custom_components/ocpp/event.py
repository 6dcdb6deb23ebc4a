"""Events: what happens at an EVSE, for automations to follow."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .csms.charging_station import ChargingStation
from .csms.model import CardPresented, Event, SessionEnded, SessionStarted
from .entity import OcppEntity
from .hub import Charger, OcppConfigEntry
from .sessions import amount, card_of, duration_of, kwh

# Nothing is polled.
PARALLEL_UPDATES = 0

# An event's type and what else it tells.
type Told = tuple[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class OcppEventDescription(EventEntityDescription):
    """A kind of events of an EVSE. `read_fn` says nothing where it is of another kind."""

    read_fn: Callable[[ChargingStation, int, Event], Told | None]


def _session(station: ChargingStation, evse: int, event: Event) -> Told | None:
    if not isinstance(event, SessionStarted | SessionEnded):
        return None
    session = event.transaction
    if session.evse != evse:
        return None
    told: dict[str, Any] = {
        "session": session.number,
        "card": card_of(station.shared.id_tokens, session),
    }
    if isinstance(event, SessionStarted):
        return "started", told
    if event.known:
        # It was told when it was guessed.
        return None
    told |= {
        "energy": kwh(session.energy),
        "duration": duration_of(session),
        "cost": amount(session.cost),
        "currency": session.currency,
        "cost_complete": session.cost_complete,
        "stop_reason": session.stop_reason,
    }
    return "interrupted" if event.interrupted else "ended", told


def _card(station: ChargingStation, evse: int, event: Event) -> Told | None:
    # Where a charger does not say which EVSE a card is for, it is for any.
    if not isinstance(event, CardPresented) or event.evse not in (0, evse):
        return None
    told = {"name": station.shared.id_tokens.label(event.id_token)}
    return "accepted" if event.info.accepted else "refused", told


EVSE_EVENTS = (
    OcppEventDescription(
        key="card",
        translation_key="card",
        event_types=["accepted", "refused"],
        read_fn=_card,
    ),
    OcppEventDescription(
        key="session",
        translation_key="session",
        event_types=["started", "ended", "interrupted"],
        read_fn=_session,
    ),
)


def _events(charger: Charger) -> Iterator[OcppEntity]:
    for evse in charger.station.evses:
        for description in EVSE_EVENTS:
            yield OcppEvent(charger, description, evse=evse)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up events, and those of EVSEs that are found out about later."""
    entry.runtime_data.async_setup_platform(async_add_entities, _events)


class OcppEvent(OcppEntity, EventEntity):
    """What happens at an EVSE, of one kind."""

    entity_description: OcppEventDescription

    @property
    @override
    def available(self) -> bool:
        """Return true: what happened stays so when the charger is away.

        An event entity that comes back looks to automations as if its event had happened
        again.
        """
        return True

    @override
    def _present(self) -> None:
        """Show nothing but what happened."""

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what happens at the charger."""
        await super().async_added_to_hass()
        self.async_on_remove(self.station.follow(self._on_event))

    @callback
    def _on_event(self, event: Event) -> None:
        told = self.entity_description.read_fn(self.station, self.evse, event)
        if told is not None:
            self._trigger_event(*told)
            self.async_write_ha_state()
