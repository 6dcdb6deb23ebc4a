"""Send the central system whatever a broken or hostile charger might send."""

import argparse
import asyncio
import gc
from importlib.util import find_spec
import logging
import os
from pathlib import Path
from random import Random, SystemRandom
import subprocess
import sys
from tempfile import TemporaryDirectory
import time
import tracemalloc

from custom_components.ocpp.csms.store import engine
from custom_components.ocpp.csms.versions import SPOKEN, Version
from tests.fuzz.bench import Bench
from tests.fuzz.filling import fill

_MEMORY = Path("/dev/shm")
# How many messages are sent before the answers are looked at.
_ROUND = 50
# Stories are long from the beginning: short ones tell nothing.
_GUIDED = ("-m", "scripts.fuzz_guided", "-len_control=0", "-max_len=6000")
# How often memory is measured.
_PARTS = 10
# Messages before that, with which all that is kept of a station grows to its bounds.
_FILLING = 30_000


def resident() -> float:
    """Return how much memory the process uses, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def memory() -> str:
    """Return how much memory is used, without garbage."""
    gc.collect()
    return f"{resident():.1f} ({sys.getallocatedblocks() / 1000:.0f})"


async def soak(version: Version, frames: int, seed: int, directory: str) -> None:
    """Send so many messages to one station, and print what that took."""
    bench = Bench(Path(directory), version, Random(seed))
    async with bench:
        empty = memory()
        await fill(bench, _FILLING)
        filled = memory()
        before, began = bench.said, time.monotonic()
        course: list[str] = []
        while (said := bench.said - before) < frames:
            bench.line.honest = bench.rng.random() < 0.5
            bench.say("BootNotification", spoilt=0.1)
            for _ in range(_ROUND):
                bench.step()
            await bench.settle()
            bench.check()
            if bench.rng.random() < 0.02:
                await bench.reconnect()
            if bench.said - before >= frames * (len(course) + 1) / _PARTS:
                course.append(memory())
        took = time.monotonic() - began
        traced = ""
        if tracemalloc.is_tracing():
            now, most = (size / 2**20 for size in tracemalloc.get_traced_memory())
            traced = f"; Python's own {now:.1f} MiB, at most {most:.1f} MiB"
        print(
            f"OCPP {version.name}: {said} messages in {took:.0f} s "
            f"({said / took:.0f} per second). Memory in MiB, and blocks that Python has "
            f"allocated, in thousands: {empty} at first, {filled} with all that is kept, "
            f"then after each tenth of the messages {', '.join(course)}{traced}",
            flush=True,
        )


def guided(arguments: list[str]) -> int:
    """Let atheris look for ways through the code that were not taken yet."""
    if find_spec("atheris") is None:
        uv = Path(sys.executable).with_name("uv")
        install = ("pip", "install", "--python", sys.executable, "--only-binary")
        subprocess.run([uv, *install, ":all:", "atheris"], check=False)
    command = (sys.executable, *_GUIDED, *arguments)
    if subprocess.run([sys.executable, "-c", "import atheris"], check=False).returncode:
        print("There is no atheris for this Python; Hypothesis does it alone.")
        return hypothesised()
    return subprocess.run(command, check=False).returncode


def hypothesised() -> int:
    """Have Hypothesis tell more stories, and others each time; return pytest's exit code."""
    command = ("-m", "pytest", "tests/fuzz/test_fuzz.py", "--quiet", "--timeout=0")
    return subprocess.run(
        [sys.executable, *command, "--show-capture=no"],
        env={**os.environ, "FUZZ": "long"},
        check=False,
    ).returncode


def main() -> int:
    """Run as the arguments say; an assertion that fails tells what was found."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument(
        "--frames",
        type=int,
        help="instead, send so many messages and print what memory they take",
    )
    parser.add_argument(
        "--ocpp",
        choices=[version.name for version in SPOKEN],
        action="append",
        help="only this version, in place of a part of the messages for each",
    )
    parser.add_argument("--seed", type=int, help="that of an earlier run")
    parser.add_argument(
        "--trace", action="store_true", help="measure Python's memory too, slowly"
    )
    parser.add_argument(
        "--guided", action="store_true", help="use atheris, if it can be had"
    )
    chosen, rest = parser.parse_known_args()
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    engine.synchronous = "OFF"
    if chosen.guided:
        return guided(rest)
    if not chosen.frames:
        return hypothesised()
    seed = SystemRandom().randrange(1_000_000) if chosen.seed is None else chosen.seed
    print(f"Seed {seed}", flush=True)
    if chosen.trace:
        tracemalloc.start()
    versions = [it for it in SPOKEN if it.name in (chosen.ocpp or [it.name])]
    for version in versions:
        with TemporaryDirectory(dir=_MEMORY if _MEMORY.exists() else None) as directory:
            asyncio.run(soak(version, chosen.frames // len(versions), seed, directory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
