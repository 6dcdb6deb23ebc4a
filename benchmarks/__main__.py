"""Measure what the integration costs: `python -m benchmarks --help`."""

import argparse
import asyncio
from importlib.metadata import version
from pathlib import Path
import platform
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any

import orjson

from .chargers import MOST_CHARGERS
from .measurement import Plan, measure
from .report import add_memory_per_station, table

_PACKAGES = ("homeassistant", "websockets", "orjson", "jsonschema-rs", "ocpp")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the integration against the least it can cost.",
    )
    parser.add_argument(
        "--stations", default="1,50,200", help="numbers of stations, by commas"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=20,
        help="how long each contender is sent MeterValues",
    )
    parser.add_argument(
        "--rounds", type=int, default=4, help="slices this time is cut into"
    )
    parser.add_argument("--json", type=Path, help="a file for the figures")
    arguments = parser.parse_args()
    try:
        arguments.stations = sorted({int(n) for n in arguments.stations.split(",")})
    except ValueError:
        parser.error("--stations takes numbers and commas")
    if not all(1 <= stations <= MOST_CHARGERS for stations in arguments.stations):
        parser.error(f"1 to {MOST_CHARGERS} stations")
    if not 1 <= arguments.rounds <= 100 or not 1 <= arguments.seconds <= 600:
        parser.error("1 to 100 rounds, 1 to 600 seconds")
    return arguments


async def _main() -> int:
    arguments = _arguments()
    plan = Plan(seconds=arguments.seconds, rounds=arguments.rounds)
    results: dict[int, dict[str, Any]] = {}
    for stations in arguments.stations:
        began = time.monotonic()
        print(f"{stations} stations …", end=" ", file=sys.stderr, flush=True)
        with TemporaryDirectory(prefix="ocpp-benchmark-") as directory:
            results[stations] = await measure(stations, plan, Path(directory))
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    add_memory_per_station(results)
    machine = {
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    text, missed = table(results)
    print(text)
    print(f"\nMissed: {'; '.join(missed)}" if missed else "\nAll bars hold.")
    if arguments.json:
        written = {"machine": machine, "plan": vars(plan), "stations": results}
        arguments.json.write_bytes(
            orjson.dumps(written, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
