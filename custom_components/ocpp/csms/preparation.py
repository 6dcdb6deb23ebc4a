"""Getting to know a station after it booted, or reconnected without."""

import asyncio
import logging
from typing import TYPE_CHECKING

from .errors import OcppError, StationOffline
from .model import RegistrationStatus

if TYPE_CHECKING:
    from .charging_station import ChargingStation

_LOGGER = logging.getLogger(__name__)


class Preparation:
    """Has each block of a station get to know it, once at a time."""

    def __init__(self, station: ChargingStation) -> None:
        """Belong to a station."""
        self._station = station
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin_in(self, seconds: float, *, booted: bool) -> None:
        """Begin after some seconds, in place of what was begun before."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(
            seconds, self._begin, booted
        )

    def stop(self) -> None:
        """End what was begun."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _begin(self, booted: bool) -> None:
        self._timer = None
        self._task = self._station.spawn(self._prepare(booted=booted))
        self._task.add_done_callback(_tell)

    async def _prepare(self, *, booted: bool) -> None:
        """Go through the blocks; none depends on another's success."""
        station = self._station
        if station.renewal.going_on:
            station.renewal.begin()
            return
        registration, quiet = station.registration, station.options.quiet
        # A station that is rejected is sent nothing (B03).
        silent = quiet or registration is RegistrationStatus.REJECTED
        if station.provisioning.info is None and not booted and not silent:
            # Never met: only a boot tells who it is. Once it booted it is not asked again.
            await self._ask_to_boot()
        if station.registration is not RegistrationStatus.ACCEPTED:
            station.introduced()
            return
        if station.options.quiet:
            return
        for name, block in station.blocks.items():
            try:
                await block.prepare(booted=booted)
            except StationOffline:
                return
            except OcppError as error:
                station.note(f"preparing {name}: {type(error).__name__}")
                # Without the station's own words: there may be anything in them.
                _LOGGER.debug(
                    "%s: preparing %s ended: %r",
                    *(station.identity, name, type(error).__name__),
                )
            station.flush()

    async def _ask_to_boot(self) -> None:
        try:
            async with asyncio.timeout(self._station.options.adoption_grace):
                await self._station.remote_control.trigger("BootNotification")
        except (OcppError, TimeoutError) as error:
            _LOGGER.debug(
                "%s does not boot when asked: %s",
                *(self._station.identity, type(error).__name__),
            )


def _tell(task: asyncio.Task[None]) -> None:
    """Log a fault of ours, which nobody waits for."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOGGER.error("Failed to prepare a station", exc_info=error)
