"""What the store costs: `python -m benchmarks.store`.

A year of charging is written through the store's own interface with the times it would have,
as fast as it goes, to files of SQLite as they are by default: a commit is on the disk.
Counts and sizes are exact; times are those of the machine.
"""

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import random
import sys
import tempfile
import time
from types import ModuleType

_ROOT = Path(__file__).parent.parent
# The package's own __init__ belongs to the Home Assistant side, which is not needed.
_package = ModuleType("custom_components.ocpp")
_package.__path__ = [str(_ROOT / "custom_components" / "ocpp")]
sys.modules.setdefault("custom_components.ocpp", _package)

from sqlalchemy import event  # noqa: E402

from custom_components.ocpp.csms.model import Transaction  # noqa: E402
from custom_components.ocpp.csms.store import Store  # noqa: E402

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLE_EVERY = timedelta(seconds=10)
POWER = 7400.0


@dataclass(frozen=True, kw_only=True)
class Year:
    """What happens in a year."""

    name: str
    chargers: int
    cards: int
    sessions_a_week: int
    hours: tuple[float, float] = (2, 6)


HOUSEHOLD = Year(name="household", chargers=2, cards=3, sessions_a_week=10)
LANDLORD = Year(name="landlord", chargers=30, cards=200, sessions_a_week=200)


@dataclass(kw_only=True)
class Written:
    """What a year came to."""

    sessions: int = 0
    samples: int = 0
    messages: int = 0
    commits: int = 0
    file: int = 0
    seconds: float = 0


def size_of(path: Path) -> int:
    """Return the size of a file in bytes."""
    return path.stat().st_size


def count_commits(store: Store) -> Callable[[], int]:
    """Return what says how many commits wrote something since now."""
    assert store._writer is not None
    engine = store._writer.database._engine
    assert engine is not None
    written = 0
    wrote = False

    def executed(_: object, __: object, statement: str, *___: object) -> None:
        nonlocal wrote
        wrote |= statement.startswith(("INSERT", "UPDATE", "DELETE"))

    def committed(_: object) -> None:
        nonlocal written, wrote
        written += wrote
        wrote = False

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    return lambda: written


async def charge(
    store: Store, year: Year, chance: random.Random, started: datetime, counted: Written
) -> None:
    """Write one session: its start, what comes meanwhile, and its end."""
    station, token = chance.randrange(year.chargers), chance.randrange(year.cards)
    start = Transaction(
        number=0,
        id="",
        station=f"CP{station:03}",
        evse=1,
        started=started,
        id_token=f"{0x04A1B2C3D4E5F0 + token:014X}",
        meter_start=float(chance.randrange(10_000_000)),
        card=f"Card {token}",
    )
    store.record_use(start.station, 1, start.id_token, started, "Accepted", "start")
    begun, new = await store.begin(start, dated=True)
    assert new
    end = started + timedelta(hours=chance.uniform(*year.hours))
    at = started
    energy = 0.0
    while (at := at + SAMPLE_EVERY) < end:
        energy = round((at - started).total_seconds() * POWER / 3600, 1)
        counted.samples += 1
        store.add_sample(begun.number, at, energy, POWER + chance.randrange(100))
    ended = replace(
        begun,
        ended=end,
        energy=energy,
        meter_stop=(begun.meter_start or 0) + energy,
        stop_reason="ev_disconnected",
        cost=round(energy * 0.0003, 2),
        currency="EUR",
    )
    await store.save(ended, {})
    counted.sessions += 1
    counted.messages += 2


async def write_year(year: Year, path: Path) -> Written:
    """Write a year to a file."""
    store = Store(f"sqlite:///{path}")
    await store.open()
    commits = count_commits(store)
    # How far sessions are is saved every five minutes as well. That is left out: it changes
    # no size, and would take most of the time.
    counted, chance = Written(), random.Random(1)
    sessions = year.sessions_a_week * 52
    begun = time.perf_counter()
    for session in range(sessions):
        started = BEGIN + timedelta(weeks=52) * session / sessions
        await charge(store, year, chance, started, counted)
    for identity in range(year.chargers):
        await store.save_facts(f"CP{identity:03}", {"facts": "x" * 2000})
    counted.commits = commits()
    await store.close()
    counted.seconds = time.perf_counter() - begun
    counted.file = size_of(path)
    return counted


async def cost_of_messages(path: Path, messages: int) -> tuple[float, float, float]:
    """Return commits, loop time in µs, and time until it is stored in ms, of a message."""
    store = Store(f"sqlite:///{path}")
    await store.open()
    commits = count_commits(store)
    waits = []
    cpu = time.thread_time()
    for number in range(messages // 2):
        started = BEGIN + timedelta(minutes=number)
        begun = time.perf_counter()
        transaction, _ = await store.begin(
            Transaction(number=0, id="", station="CP1", evse=1, started=started),
            dated=True,
        )
        waits.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        await store.save(replace(transaction, ended=started), {})
        waits.append(time.perf_counter() - begun)
    # The event loop's thread only: the database has a thread of its own.
    loop = (time.thread_time() - cpu) / messages
    each = commits() / messages
    await store.close()
    return each, loop * 1e6, sorted(waits)[len(waits) // 2] * 1e3


async def cost_of_samples(path: Path, samples: int) -> tuple[float, float]:
    """Return the loop time in µs of a sample: within its minute, and on average."""
    store = Store(f"sqlite:///{path}")
    await store.open()
    store.add_sample(1, BEGIN, 0, POWER)
    within = [BEGIN + timedelta(seconds=second) for second in range(1, 60)]
    begun = time.perf_counter()
    for number in range(samples):
        store.add_sample(1, within[number % 59], number, POWER)
    inside = (time.perf_counter() - begun) / samples
    moments = [BEGIN + SAMPLE_EVERY * number for number in range(samples)]
    begun = time.perf_counter()
    for number, at in enumerate(moments):
        store.add_sample(2, at, number, POWER)
    average = (time.perf_counter() - begun) / samples
    await store.close()
    return inside * 1e6, average * 1e6


async def run(years: list[Year], messages: int) -> None:
    """Measure all, and print tables as in docs/performance.md."""
    with tempfile.TemporaryDirectory(prefix="ocpp-store-") as folder:
        print("| a year of | sessions | samples told | file, MiB | commits a message |")
        print("|---|---|---|---|---|")
        for year in years:
            it = await write_year(year, Path(folder) / f"{year.name}.db")
            print(
                f"| {year.name} | {it.sessions} | {it.samples} "
                f"| {it.file / 2**20:.1f} | {it.commits / it.messages:.1f} |",
                flush=True,
            )
            print(f"(written in {it.seconds:.0f} s)", file=sys.stderr)
        commits, loop, waits = await cost_of_messages(
            Path(folder) / "messages.db", messages
        )
        inside, average = await cost_of_samples(
            Path(folder) / "samples.db", messages * 50
        )
    print()
    print("| | |")
    print("|---|---|")
    print(f"| commits per transaction message | {commits:.2f} |")
    print(f"| event loop per transaction message, µs | {loop:.0f} |")
    print(f"| until it is on the disk (median), ms | {waits:.2f} |")
    print(f"| event loop per sample within its minute, µs | {inside:.2f} |")
    print(f"| event loop per sample, one in six written, µs | {average:.2f} |")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.store", description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument(
        "--short", action="store_true", help="leave the landlord's year out"
    )
    options = parser.parse_args()
    years = [HOUSEHOLD] if options.short else [HOUSEHOLD, LANDLORD]
    asyncio.run(run(years, options.messages))


if __name__ == "__main__":
    main()
