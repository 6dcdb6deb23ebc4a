"""Triggers of automations: a session that starts or ends, and a card that is presented."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar, override

from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)

from .const import DOMAIN
from .sessions import loaded_hubs

_EVENT = "event"
_EVENT_TYPE = "event_type"
# More cards than are held to all chargers in the moment until everybody was told.
_REMEMBERED_CARDS = 100


class OcppEventTrigger(StatelessEntityTriggerBase):
    """Trigger when something happens at one of the chosen chargers."""

    _domain_specs: Mapping[str, DomainSpec] = {_EVENT: DomainSpec()}
    # The event entity that tells of it, by the end of its unique id.
    _key: ClassVar[str]
    _event_types: ClassVar[frozenset[str]]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave out event entities of other integrations and other kinds."""
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entry := registry.async_get(entity_id)) is not None
            and entry.platform == DOMAIN
            and entry.unique_id.endswith(f"-{self._key}")
        }

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Return whether it is what the trigger waits for."""
        return state.attributes.get(_EVENT_TYPE) in self._event_types

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Run the action with what is known of the event."""

        def run(
            extra_trigger_payload: dict[str, Any],
            description: str,
            context: Context | None = None,
        ) -> asyncio.Task[Any]:
            payload = extra_trigger_payload
            told = self._variables(payload[ATTR_ENTITY_ID], payload["to_state"])
            return run_action(payload | told, description, context)

        return await super().async_attach_runner(run, did_not_trigger)

    def _variables(self, entity_id: str, state: State) -> dict[str, Any]:
        charger, evse = _place_of(self._hass, entity_id, self._key)
        return {
            "charger": charger,
            "evse": evse,
            "card": state.attributes.get("card"),
            "event": state.attributes[_EVENT_TYPE],
        }


class SessionStartedTrigger(OcppEventTrigger):
    """Trigger when a session starts."""

    _key = "session"
    _event_types = frozenset({"started"})

    @override
    def _variables(self, entity_id: str, state: State) -> dict[str, Any]:
        told = super()._variables(entity_id, state)
        return told | {"session": state.attributes.get("session")}


class SessionEndedTrigger(OcppEventTrigger):
    """Trigger when a session ends, whether somebody meant it to or not."""

    _key = "session"
    _event_types = frozenset({"ended", "interrupted"})

    @override
    def _variables(self, entity_id: str, state: State) -> dict[str, Any]:
        of = state.attributes.get
        return super()._variables(entity_id, state) | {
            "session": of("session"),
            "energy": of("energy"),
            "duration": of("duration"),
            "cost": of("cost"),
            "currency": of("currency"),
            "reason": of("stop_reason"),
            "interrupted": of(_EVENT_TYPE) == "interrupted",
        }


class CardPresentedTrigger(OcppEventTrigger):
    """Trigger when somebody holds a card to a charger, once each time."""

    _key = "card"
    _event_types = frozenset({"accepted", "refused"})

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Begin without having heard of any card."""
        super().__init__(hass, config)
        self._heard: deque[int] = deque(maxlen=_REMEMBERED_CARDS)

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Return whether it is news: each EVSE that a card may be for tells of it."""
        if not super().is_valid_transition(from_state, to_state):
            return False
        if (presentation := to_state.attributes["presentation"]) in self._heard:
            return False
        self._heard.append(presentation)
        return True

    @override
    def _variables(self, entity_id: str, state: State) -> dict[str, Any]:
        return super()._variables(entity_id, state) | {
            "card": state.attributes.get("name"),
            # That of the entity is a guess where the charger does not say which.
            "evse": state.attributes.get("evse"),
            "accepted": state.attributes[_EVENT_TYPE] == "accepted",
        }


TRIGGERS: dict[str, type[Trigger]] = {
    "session_started": SessionStartedTrigger,
    "session_ended": SessionEndedTrigger,
    "card_presented": CardPresentedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers by their keys."""
    return TRIGGERS


def _place_of(hass: HomeAssistant, entity_id: str, key: str) -> tuple[str, int]:
    """Return the name of the charger, and the EVSE, that an event entity is of."""
    entity = er.async_get(hass).async_get(entity_id)
    for hub in loaded_hubs(hass):
        for identity, charger in hub.chargers.items():
            for evse in charger.station.evses:
                if (
                    entity is not None
                    and entity.unique_id == f"{identity}-{evse}-{key}"
                ):
                    return charger.name, evse
    return "", 0
