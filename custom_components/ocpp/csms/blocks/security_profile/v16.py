"""Moving to another security profile in 1.6: a configuration key."""

import asyncio
from typing import TYPE_CHECKING

from ...errors import CommandTimedOut, StationOffline
from .steps import Entrance, Step

if TYPE_CHECKING:
    from . import SecurityProfiles

ROOT = "CentralSystemRootCertificate"
_KEY = "SecurityProfile"


async def set_off(block: SecurityProfiles, target: int, entrance: Entrance) -> bool:
    """Have the station connect with a profile; return whether it waits for a session.

    The message has no address: a station makes one of that which it has. Raises what
    `Provisioning.write` does.
    """
    station = block.station
    block.begin(Step.CHANGE_PROFILE)
    try:
        at_once = await station.provisioning.write(_KEY, str(target))
    except StationOffline, CommandTimedOut:
        # Some are gone before their answer is.
        return False
    if at_once:
        return False
    if _charges(block):
        block.begin(Step.RESTART)
        return True
    await _restart(block)
    return False


async def restart_when_idle(block: SecurityProfiles) -> None:
    """Restart the station as soon as nobody charges; it would end the sessions."""
    something = asyncio.Event()
    stop = block.station.follow(lambda _: something.set())
    try:
        while _charges(block):
            something.clear()
            await something.wait()
    finally:
        stop()
    await _restart(block)


def _charges(block: SecurityProfiles) -> bool:
    station = block.station
    running = (station.transactions.running(evse) for evse in station.evses)
    return any(it is not None for it in running)


async def _restart(block: SecurityProfiles) -> None:
    if block.step is not Step.RESTART:
        block.begin(Step.RESTART)
    try:
        await block.command("Reset", {"type": "Soft"})
    except StationOffline, CommandTimedOut:
        return
