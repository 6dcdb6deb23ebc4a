"""A real Home Assistant process that can be asked what it costs.

Started as `python -m benchmarks.home_assistant CONFIG_DIR`. Everything is as `hass` does
it, except that integrations nobody asked for (`default_config`) are left out. What costs
time itself, as counting the writes, is only on while it is asked for.
"""

import asyncio
from collections import Counter
from functools import partial
import gc
from pathlib import Path
import sys
import time
from types import MappingProxyType
from typing import Any

from homeassistant import bootstrap, runner
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import (
    ATTR_ENTITY_ID,
    EVENT_STATE_CHANGED,
    EVENT_STATE_REPORTED,
    STATE_UNAVAILABLE,
)
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .worker import Commands

_PAGES_OF_A_MIB = 256


class Observer:
    """What the benchmark can ask of the process.

    Moments are in seconds of the clock that all processes of a machine share.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with nothing observed."""
        self._hass = hass
        self._stop_listening: list[Any] = []
        self._writes: Counter[str] = Counter()
        # When each entity was first available, and those that were there before.
        self._available: dict[str, float] = {}
        self._before: set[str] = set()

    async def running(self) -> None:
        """Wait until Home Assistant has started."""
        while self._hass.state is not CoreState.running:
            await asyncio.sleep(0.05)

    async def add_entry(self, entry: dict[str, Any]) -> None:
        """Add a config entry and wait until it is set up."""
        added = ConfigEntry(
            data=entry["data"],
            discovery_keys=MappingProxyType({}),
            domain=entry["domain"],
            minor_version=1,
            options={},
            source="user",
            subentries_data=entry.get("subentries"),
            title=entry["domain"],
            unique_id=None,
            version=entry["version"],
        )
        await self._hass.config_entries.async_add(added)
        await self._hass.async_block_till_done()
        if added.state is not ConfigEntryState.LOADED:
            raise RuntimeError(f"{entry['domain']}: {added.state} {added.reason}")

    async def cost(self, collect: bool = False) -> dict[str, Any]:
        """Return the CPU time of all threads in ms, and the resident memory in MiB."""
        if collect:
            gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return {
            "at": time.monotonic(),
            "cpu": time.process_time_ns() / 1e6,
            "memory": pages / _PAGES_OF_A_MIB,
        }

    # --- readiness ----------------------------------------------------------------------

    async def watch_readiness(self) -> None:
        """Note from now on when entities become available."""
        self._available.clear()
        self._before = set(self._hass.states.async_entity_ids())

        @callback
        def changed(event: Event[Any]) -> None:
            state = event.data["new_state"]
            if state is not None and state.state != STATE_UNAVAILABLE:
                self._available.setdefault(event.data["entity_id"], time.monotonic())

        self._stop_listening.append(
            self._hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
        )

    async def readiness(self, identities: list[str]) -> dict[str, Any]:
        """Stop watching; return for each station what became of its entities.

        That is: when the last of those it had before was available, when the last of all
        was, how many there are, and how many still are unavailable.
        """
        self._listen_no_more()
        entities = self._entities_of(identities)
        return {
            identity: {
                "known": max(
                    (
                        self._available[entity]
                        for entity in entities[identity]
                        if entity in self._before and entity in self._available
                    ),
                    default=None,
                ),
                "all": max(
                    (self._available.get(entity, 0) for entity in entities[identity]),
                    default=None,
                ),
                "entities": len(entities[identity]),
                "unavailable": sum(
                    self._hass.states.is_state(entity, STATE_UNAVAILABLE)
                    for entity in entities[identity]
                ),
            }
            for identity in identities
        }

    def _entities_of(self, identities: list[str]) -> dict[str, list[str]]:
        """Return the ids of the entities that have a state, by station."""
        found: dict[str, list[str]] = {identity: [] for identity in identities}
        for entry in er.async_get(self._hass).entities.values():
            identity = entry.unique_id.partition("-")[0]
            if identity in found and self._hass.states.get(entry.entity_id):
                found[identity].append(entry.entity_id)
        return found

    # --- writes -------------------------------------------------------------------------

    async def count_writes(self) -> None:
        """Count the writes of states from now on."""
        self._writes.clear()

        @callback
        def count(kind: str, event: Event[Any]) -> None:
            self._writes[kind] += 1

        @callback
        def any_state(data: Any) -> bool:
            return True

        for kind in (EVENT_STATE_CHANGED, EVENT_STATE_REPORTED):
            self._stop_listening.append(
                self._hass.bus.async_listen(
                    kind, callback(partial(count, kind)), event_filter=any_state
                )
            )

    async def writes(self) -> dict[str, Any]:
        """Stop counting; return how many writes there were, and changes among them."""
        self._listen_no_more()
        return {
            "writes": self._writes.total(),
            "changes": self._writes[EVENT_STATE_CHANGED],
        }

    def _listen_no_more(self) -> None:
        while self._stop_listening:
            self._stop_listening.pop()()

    # --- commands -----------------------------------------------------------------------

    async def set_limit(self, unique_id: str, value: float) -> dict[str, Any]:
        """Set a number as people do; return when that began and when it was done."""
        entity = next(
            entry.entity_id
            for entry in er.async_get(self._hass).entities.values()
            if entry.unique_id == unique_id
        )
        began = time.monotonic()
        await self._hass.services.async_call(
            "number", "set_value", {ATTR_ENTITY_ID: entity, "value": value}, True
        )
        return {"began": began, "done": time.monotonic()}


async def _main(config_dir: str) -> int:
    commands = Commands()
    hass = await bootstrap.async_setup_hass(
        runner.RuntimeConfig(config_dir=config_dir, skip_pip=True, log_no_color=True)
    )
    if hass is None:
        return 1
    observer = Observer(hass)

    async def serve() -> None:
        await commands.serve(
            {
                name: getattr(observer, name)
                for name in vars(Observer)
                if not name.startswith("_")
            }
        )
        hass.async_create_task(hass.async_stop())

    hass.async_create_background_task(serve(), "benchmark")
    return await hass.async_run()


if __name__ == "__main__":
    # Custom components are those of the configuration, not those of the repository.
    sys.path.remove(str(Path.cwd()))
    bootstrap.DEFAULT_INTEGRATIONS = set()
    bootstrap.CRITICAL_INTEGRATIONS = set()
    loop = runner.create_event_loop()
    asyncio.set_event_loop(loop)
    sys.exit(loop.run_until_complete(_main(sys.argv[1])))
