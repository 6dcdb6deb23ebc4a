"""What Home Assistant must show after a kill, before any charger said anything."""

import asyncio
from typing import Any

from .charger import Charger
from .home import PATIENCE, Home, Lost
from .ledger import Session, moment

type States = dict[str, dict[str, Any]]


async def check_live(
    home: Home, chargers: list[Charger], *, exactly: bool = False
) -> None:
    """Raise `Lost` unless every session is shown as it is.

    How far a running one is need only be shown `exactly` after an end in good order: it is
    not written with every sample, and the next one brings it back.
    """
    states = await connected(home, chargers)
    for charger in chargers:
        for connector in charger.connectors:
            session = charger.latest(connector)
            if session is None or session.gave_up or session.forgotten:
                continue
            entities = Entities(states, charger, connector)
            shown = {
                name: entities.state(name)
                for name in (
                    "switch.charging",
                    "sensor.session_energy",
                    "sensor.session_start",
                    "sensor.id_token",
                )
            }
            if not _is_right(shown, session, exactly=exactly):
                raise Lost(f"{shown} is shown for {session}")


def _is_right(shown: dict[str, str], session: Session, *, exactly: bool) -> bool:
    energy = float(shown["sensor.session_energy"]) * 1000
    started = session.started.replace(microsecond=0)
    if session.dated and moment(shown["sensor.session_start"]) != started:
        return False
    if session.running:
        told = session.energy_told
        return (
            shown["switch.charging"] == "on"
            # Its end is all that is shown of a card that has no name.
            and session.token.endswith(shown["sensor.id_token"].lstrip("…"))
            and (round(energy) == told if exactly else 0 <= round(energy) <= told)
        )
    return shown["switch.charging"] == "off" and round(energy) == session.energy


async def check_stop(home: Home, chargers: list[Charger]) -> None:
    """Stop a session from Home Assistant; raise `Lost` when its charger is not told so."""
    states = await connected(home, chargers)
    for charger in chargers:
        session = charger.running(1)
        if session is None or session.gave_up:
            continue
        entity_id = Entities(states, charger, 1).entity_id("switch.charging")
        await home.act("switch", "turn_off", entity_id=entity_id)
        async with asyncio.timeout(PATIENCE):
            asked = await charger.remote_stops.get()
        if asked != session.id:
            raise Lost(f"{asked} was to be stopped instead of {session}")


async def connected(home: Home, chargers: list[Charger]) -> States:
    """Return all states once every charger is connected."""
    async with asyncio.timeout(PATIENCE):
        while True:
            states = await home.states()
            if all(
                states[f"binary_sensor.{charger.identity.lower()}_connected"]["state"]
                == "on"
                for charger in chargers
            ):
                return states
            await asyncio.sleep(0.02)


class Entities:
    """The entities of one connector."""

    def __init__(self, states: States, charger: Charger, connector: int) -> None:
        """Remember whose."""
        self._states = states
        self._station = charger.identity.lower()
        self._connector = connector

    def entity_id(self, name: str) -> str:
        """Return the entity id of a name such as `sensor.session_energy`."""
        domain, name = name.split(".")
        # The first one's entities may be older than the second connector.
        choices = [f"{domain}.{self._station}_connector_{self._connector}_{name}"]
        if self._connector == 1:
            choices.append(f"{domain}.{self._station}_{name}")
        for entity_id in choices:
            if entity_id in self._states:
                return entity_id
        raise Lost(f"There is none of {choices}")

    def state(self, name: str) -> str:
        """Return what an entity shows."""
        return str(self._states[self.entity_id(name)]["state"])
