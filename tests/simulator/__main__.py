"""Run the charger from the command line: python -m tests.simulator."""

import argparse
import asyncio
from datetime import datetime
import signal

from ocpp.exceptions import OCPPError
from websockets.exceptions import WebSocketException

from .charger import Charger
from .link import CallError
from .peer import check_loopback

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
        prog="python -m tests.simulator", description="An OCPP 1.6J charger with a car"
    )
    parser.add_argument("--url", type=_loopback, default="ws://127.0.0.1:9000/")
    parser.add_argument("--identity", default="simulator")
    parser.add_argument("--password", help="for HTTP basic authentication")
    parser.add_argument("--connectors", type=int, default=1)
    parser.add_argument("--interval", type=float, default=5, help="seconds per sample")
    parser.add_argument("--tag", default="CARD1", help="the card to start with")
    parser.add_argument(
        "--speed", type=float, default=1, help="simulated per real time"
    )
    return parser.parse_args()


async def _session(charger: Charger, options: argparse.Namespace, first: bool) -> None:
    """Live through one connection."""
    await charger.connect()
    _say(f"connected to {charger.url}")
    await charger.power_up()
    if first:
        await charger.plug_in(1)
    state = charger.connectors[1]
    if first and state.transaction is None:
        await charger.present_card(options.tag)
    await charger.run(options.interval, options.speed)


async def _live(options: argparse.Namespace) -> None:
    """Keep a charger connected for ever."""
    charger = Charger(
        options.url,
        options.identity,
        connectors=options.connectors,
        password=options.password,
        ping_interval=20,
        # Reconnecting is up to the loop below, after a reset too.
        reboots=False,
        on_event=_say,
    )
    wait = 1.0
    try:
        while True:
            heard = len(charger.received)
            try:
                await _session(charger, options, charger.connectors[1].car is None)
            except (OSError, OCPPError, CallError, WebSocketException) as err:
                _say(f"{type(err).__name__}: {err}")
            if len(charger.received) > heard:
                wait = 1.0
            await charger.disconnect()
            _say(f"disconnected, next attempt in {wait:g} s")
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
    finally:
        await charger.disconnect()


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
