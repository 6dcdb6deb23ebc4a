"""Run the station from the command line: python -m tests.simulator_v2."""

import argparse
import asyncio
from datetime import datetime
import signal

from ocpp.exceptions import OCPPError
from websockets.exceptions import WebSocketException

from tests.simulator.link import CallError
from tests.simulator.peer import check_loopback

from .schema import VERSIONS
from .station import Station

_LONGEST_WAIT = 30


def _say(text: str) -> None:
    """Print one line."""
    print(f"{datetime.now():%H:%M:%S} {text}", flush=True)


def _loopback(url: str) -> str:
    """Accept the URLs of this machine only."""
    try:
        check_loopback(url)
    except ValueError as err:
        raise argparse.ArgumentTypeError(str(err)) from None
    return url


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator_v2",
        description="An OCPP 2.x charging station with a car",
    )
    parser.add_argument(
        "url", type=_loopback, nargs="?", default="ws://127.0.0.1:9000/"
    )
    parser.add_argument("identity", nargs="?", default="simulator2")
    parser.add_argument("--version", choices=VERSIONS, default="ocpp2.0.1")
    parser.add_argument("--password", help="for HTTP basic authentication")
    parser.add_argument("--evses", type=int, default=2)
    parser.add_argument("--connectors", type=int, default=1, help="of each EVSE")
    parser.add_argument("--interval", type=float, default=5, help="seconds per step")
    parser.add_argument("--token", default="CARD1", help="the card to start with")
    parser.add_argument(
        "--speed", type=float, default=1, help="simulated per real time"
    )
    return parser.parse_args()


async def _session(station: Station, options: argparse.Namespace, first: bool) -> None:
    """Live through one connection."""
    if first:
        await station.connect()
        await station.power_up()
        await station.plug_in(1)
        await station.present_card(1, options.token)
    elif station.boot_status == "Accepted":
        await station.come_back()
    else:
        # It was reset, or never accepted.
        await station.connect()
        await station.power_up("RemoteReset")
    _say(f"connected to {station.url}")
    await station.run(options.interval, options.speed)


async def _live(options: argparse.Namespace) -> None:
    """Keep a station connected for ever."""
    station = Station(
        options.url,
        options.identity,
        evses=options.evses,
        connectors=options.connectors,
        version=options.version,
        password=options.password,
        ping_interval=20,
        # Reconnecting is up to the loop below, after a reset too.
        reboots=False,
        on_event=_say,
    )
    station.variables["SampledDataCtrlr.TxUpdatedInterval"].value = "10"
    wait = 1.0
    try:
        while True:
            heard = len(station.received)
            try:
                await _session(station, options, station.evses[1].car is None)
            except (OSError, OCPPError, CallError, WebSocketException) as err:
                _say(f"{type(err).__name__}: {err}")
            if len(station.received) > heard:
                wait = 1.0
            await station.disconnect()
            station.offline_since = station.clock()
            _say(f"disconnected, next attempt in {wait:g} s")
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
    finally:
        await station.disconnect()


async def _main() -> None:
    """Run until told to end."""
    life = asyncio.create_task(_live(_arguments()))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, life.cancel)
    try:
        await life
    except asyncio.CancelledError:
        _say("ended")


if __name__ == "__main__":
    asyncio.run(_main())
