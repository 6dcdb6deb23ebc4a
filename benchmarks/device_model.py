"""What a large device model costs: `python -m benchmarks.device_model`.

A station tells 2,000 variables in reports of some parts, over a socket from a thread of its
own, while a clock in the event loop sees for how long nobody else had a turn. Beside it
stands what no central system can do without: reading the JSON and checking it against the
schema. All of it is CPU time, so that others on the machine do not count.
"""

import argparse
import asyncio
import gc
from pathlib import Path
import sys
import tempfile
from threading import Thread
import time
from types import ModuleType
from typing import Any

_ROOT = Path(__file__).parent.parent
# The package's own __init__ belongs to the Home Assistant side, which is not needed.
_package = ModuleType("custom_components.ocpp")
_package.__path__ = [str(_ROOT / "custom_components" / "ocpp")]
sys.modules.setdefault("custom_components.ocpp", _package)

import orjson  # noqa: E402
from websockets.sync.client import connect  # noqa: E402
from websockets.typing import Subprotocol  # noqa: E402

from custom_components.ocpp.csms.central_system import CentralSystem  # noqa: E402
from custom_components.ocpp.csms.charging_station import ChargingStation  # noqa: E402
from custom_components.ocpp.csms.model import Options, StationSettings  # noqa: E402
from custom_components.ocpp.csms.schemas import Schemas  # noqa: E402
from custom_components.ocpp.csms.store import Store  # noqa: E402
from custom_components.ocpp.csms.versions import V201  # noqa: E402

VARIABLES = 2_000
PARTS = (100, 10, 1)
_TICK = 0.001
# In ms: how long the loop may be held up by a report in parts of a usual size, and by one
# that a station puts into a single message.
MOST_IN_PARTS, MOST_AT_ONCE = 10, 60


def item(number: int) -> dict[str, Any]:
    """Return what a report tells of a variable."""
    return {
        "component": {
            "name": f"Component{number % 50}",
            "evse": {"id": number % 2 + 1, "connectorId": number % 3 + 1},
        },
        "variable": {"name": f"Variable{number}", "instance": f"{number % 4}"},
        "variableAttribute": [
            {"type": "Actual", "value": f"{number}", "mutability": "ReadWrite"},
            {"type": "MaxSet", "value": "9999", "mutability": "ReadOnly"},
        ],
        "variableCharacteristics": {
            "dataType": "integer",
            "unit": "s",
            "minLimit": 0,
            "maxLimit": 9999,
            "supportsMonitoring": True,
        },
    }


def report(parts: int) -> list[bytes]:
    """Return the messages of a report."""
    items = [item(number) for number in range(VARIABLES)]
    size = VARIABLES // parts
    return [
        orjson.dumps(
            [
                2,
                f"{parts}-{number}",
                "NotifyReport",
                {
                    "requestId": 1,
                    "generatedAt": "2026-01-01T00:00:00Z",
                    "seqNo": number,
                    "tbc": number < parts - 1,
                    "reportData": items[number * size : (number + 1) * size],
                },
            ]
        )
        for number in range(parts)
    ]


class Clock:
    """Sees for how long the event loop was held up, by what it does itself."""

    def __init__(self) -> None:
        """Begin without having seen anything."""
        self.longest = 0.0

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        before = time.thread_time()
        while True:
            await asyncio.sleep(_TICK)
            now = time.thread_time()
            self.longest = max(self.longest, now - before)
            before = now


def tell(url: str, messages: list[bytes]) -> None:
    """Send messages one after the other, each once the one before was answered."""
    with connect(url, subprotocols=[Subprotocol("ocpp2.0.1")], proxy=None) as socket:
        for message in messages:
            socket.send(message, text=True)
            socket.recv()


def floor(schemas: Schemas, messages: list[bytes]) -> float:
    """Return the seconds that reading and checking takes."""
    validator = schemas.requests["NotifyReport"]
    began = time.thread_time()
    for message in messages:
        assert validator.is_valid(orjson.loads(message)[3])
    return time.thread_time() - began


async def measure(
    central: CentralSystem, station: ChargingStation, parts: int
) -> tuple[float, float, float]:
    """Return the seconds of the floor, of the report, and of the longest stall."""
    messages = report(parts)
    least = floor(central.shared.schemas[V201], messages)
    station.device_model.variables.clear()
    clock = Clock()
    watching = asyncio.create_task(clock.run())
    url = f"ws://127.0.0.1:{central.port}/CP1"
    began = time.thread_time()
    sender = Thread(target=tell, args=(url, messages))
    sender.start()
    while sender.is_alive():
        await asyncio.sleep(_TICK)
    took = time.thread_time() - began
    watching.cancel()
    if len(station.device_model.variables) != VARIABLES:
        raise RuntimeError("the report was not taken up")
    return least, took, clock.longest


async def keep(store: Store, station: ChargingStation) -> tuple[float, float]:
    """Return the seconds that the loop is held up by keeping it, and by taking it up."""
    began = time.thread_time()
    station.device_model.save()
    saved = time.thread_time() - began
    assert await store.load_device_model("CP1") is not None
    # The collector would look through all there is at some moment, whoever made it.
    gc.freeze()
    clock = Clock()
    watching = asyncio.create_task(clock.run())
    await station.device_model.load()
    watching.cancel()
    return saved, clock.longest


async def main() -> int:
    """Measure, and say whether all bars hold."""
    argparse.ArgumentParser(
        prog="python -m benchmarks.device_model",
        description="Measure what a report of 2,000 variables costs.",
    ).parse_args()
    missed = []
    with tempfile.TemporaryDirectory(prefix="ocpp-benchmark-") as directory:
        store = Store(f"sqlite:///{directory}/ocpp.db")
        await store.open()
        options = Options(quiet=True)
        central = CentralSystem(host="127.0.0.1", port=0, store=store, options=options)
        await central.open()
        await central.listen()
        station = await central.add_station("CP1", StationSettings())
        # The first connection has the schemas compiled.
        await measure(central, station, 100)
        print(f"{VARIABLES} variables   CPU, ms   × floor   longest stall, ms")
        for parts in PARTS:
            least, took, stall = await measure(central, station, parts)
            print(
                f"in {parts:>3} messages {took * 1000:>11.1f} {took / least:>9.1f} "
                f"{stall * 1000:>19.1f}"
            )
            most = MOST_AT_ONCE if parts == 1 else MOST_IN_PARTS * 100 / parts
            if stall * 1000 > most:
                missed.append(f"{stall * 1000:.0f} ms in {parts} messages (≤ {most:g})")
        saved, loaded = await keep(store, station)
        print(f"keeping it holds the loop up for {saved * 1000:.1f} ms,", end=" ")
        print(f"taking it up for {loaded * 1000:.1f} ms at a time")
        await central.close()
        await store.close()
    print(f"\nMissed: {'; '.join(missed)}" if missed else "\nAll bars hold.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
