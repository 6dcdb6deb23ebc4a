"""What is measured, and in which order.

All contenders run side by side, and each phase is cut into short slices that they take in
turn: what else the machine does hits them alike, and ratios hold where absolute values
would not.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from statistics import mean, median
from typing import Any

from .contenders import CONTENDERS, Contender, chargers, free_port, home_assistant
from .worker import Worker

METER_VALUES = "meter_values"
HEARTBEAT = "heartbeat"
# Longer than an idle Home Assistant needs in half a second.
_QUIET_MS = 20
_SETTLE_ROUNDS = 120
_AFTER_SLICE = 0.2
_FRAME_ROUNDS = 50


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured. Messages are per second, over all chargers of a contender."""

    seconds: float = 20
    rounds: int = 4
    rate: float = 20
    limits: int = 40

    @property
    def messages(self) -> int:
        """Return the messages of one slice."""
        return max(2, round(self.seconds * self.rate / self.rounds))


@dataclass
class Sums:
    """CPU and messages of all slices of one kind."""

    cpu: float = 0
    seconds: float = 0
    messages: int = 0

    def add(self, before: dict[str, Any], after: dict[str, Any], messages: int) -> None:
        """Add a slice."""
        self.cpu += after["cpu"] - before["cpu"]
        self.seconds += after["at"] - before["at"]
        self.messages += messages

    def each(self, idle: Sums) -> float:
        """Return the CPU of one message in ms, without what idling costs."""
        return (self.cpu - idle.cpu / idle.seconds * self.seconds) / self.messages


@dataclass
class Seat:
    """One contender with its two processes, and what was measured of it."""

    contender: Contender
    home_assistant: Worker
    fleet: Worker
    port: int
    idle: Sums = field(default_factory=Sums)
    sums: dict[str, Sums] = field(
        default_factory=lambda: {METER_VALUES: Sums(), HEARTBEAT: Sums()}
    )
    round_trips: list[float] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    frames_before: list[int] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)


async def measure(stations: int, plan: Plan, directory: Path) -> dict[str, Any]:
    """Measure all contenders with so many stations; return the figures by contender."""
    identities = [f"BENCH{number:03d}" for number in range(stations)]
    async with AsyncExitStack() as stack:
        seats = await _take_seats(stack, directory)
        entities = 0
        for seat in seats:
            entities = await _connect(seat, identities, entities)
        # Idling and Heartbeats before anybody charges: what charging makes the process do
        # from time to time belongs to the MeterValues.
        for _ in range(plan.rounds):
            for seat in seats:
                await _stay_idle(seat, plan)
                await _send(seat, HEARTBEAT, max(2, plan.messages // 2), plan)
        for seat in seats:
            await _warm_up(seat, stations, plan)
        for number in range(plan.rounds):
            for seat in seats:
                await _send(seat, METER_VALUES, plan.messages, plan)
                await _set_limits(seat, identities, number, plan)
        for seat in seats:
            await _count_writes(seat, plan)
            await _conclude(seat)
    return {seat.contender.name: seat.figures for seat in seats}


async def _take_seats(stack: AsyncExitStack, directory: Path) -> Sequence[Seat]:
    seats = []
    for contender in CONTENDERS:
        config = directory / contender.name.replace(" ", "_")
        seat = Seat(
            contender, home_assistant(contender, config), chargers(config), free_port()
        )
        for worker in (seat.home_assistant, seat.fleet):
            await worker.start()
            stack.push_async_callback(worker.close)
        await seat.home_assistant.tell("running")
        seats.append(seat)
    return seats


async def _connect(seat: Seat, identities: list[str], entities: int) -> int:
    """Set the contender up and connect all stations at once; return its entities."""
    entry = seat.contender.entry(seat.port, identities, entities)
    await seat.home_assistant.tell("add_entry", entry=entry)
    await _settle(seat)
    await seat.home_assistant.tell("watch_readiness")
    began = await seat.fleet.tell("connect", identities=identities, port=seat.port)
    await _settle(seat)
    stations = await seat.home_assistant.tell("readiness", identities=identities)
    for which in ("known", "all"):
        ready = [(one[which] or inf) - began[name] for name, one in stations.items()]
        seat.figures[f"ready_{which}"] = median(ready)
        seat.figures[f"ready_{which}_last"] = max(ready)
    seat.figures["entities"] = mean(one["entities"] for one in stations.values())
    seat.figures["unavailable"] = sum(one["unavailable"] for one in stations.values())
    return round(seat.figures["entities"])


async def _settle(seat: Seat) -> None:
    """Wait until the process has had nothing to do for two seconds."""
    quiet = 0
    before = (await seat.home_assistant.tell("cost"))["cpu"]
    for _ in range(_SETTLE_ROUNDS):
        await asyncio.sleep(0.5)
        now = (await seat.home_assistant.tell("cost"))["cpu"]
        quiet = quiet + 1 if now - before < _QUIET_MS else 0
        before = now
        if quiet == 4:
            return


async def _warm_up(seat: Seat, stations: int, plan: Plan) -> None:
    """Have every station charge and report some times, then read the memory."""
    await seat.fleet.tell("charge")
    await seat.fleet.tell(
        "send", message=METER_VALUES, count=3 * stations, rate=2 * plan.rate
    )
    await _settle(seat)
    cost = await seat.home_assistant.tell("cost", collect=True)
    seat.figures["memory"] = cost["memory"]


async def _stay_idle(seat: Seat, plan: Plan) -> None:
    before = await seat.home_assistant.tell("cost")
    await asyncio.sleep(plan.seconds / plan.rounds / 2)
    seat.idle.add(before, await seat.home_assistant.tell("cost"), 0)


async def _send(seat: Seat, message: str, count: int, plan: Plan) -> None:
    """Send messages, evenly spread, and add up what they cost."""
    before = await seat.home_assistant.tell("cost")
    sent = await seat.fleet.tell("send", message=message, count=count, rate=plan.rate)
    # What is done after the answer counts too.
    await asyncio.sleep(_AFTER_SLICE)
    after = await seat.home_assistant.tell("cost")
    seat.sums[message].add(before, after, count)
    if message == METER_VALUES:
        seat.round_trips += sent["seconds"]


async def _set_limits(
    seat: Seat, identities: list[str], number: int, plan: Plan
) -> None:
    """Set limits as people do and see when their frame is at the charger."""
    for count in range(max(1, plan.limits // plan.rounds)):
        identity = identities[count % len(identities)]
        # Never the one before: an unchanged limit need not be sent.
        value = 6 + (count + 13 * number) % 26
        done = await seat.home_assistant.tell(
            "set_limit", unique_id=f"{identity}-1-current_limit", value=value
        )
        await _find_frame(seat, identity, done["began"])
        await asyncio.sleep(0.05)


async def _find_frame(seat: Seat, identity: str, since: float) -> None:
    for _ in range(_FRAME_ROUNDS):
        answer = await seat.fleet.tell("received", identity=identity, since=since)
        actions = [action for _, action in answer["frames"]]
        if "SetChargingProfile" in actions:
            place = actions.index("SetChargingProfile")
            seat.limits.append(answer["frames"][place][0] - since)
            seat.frames_before.append(place)
            return
        await asyncio.sleep(0.02)


async def _count_writes(seat: Seat, plan: Plan) -> None:
    count = plan.messages
    await seat.home_assistant.tell("count_writes")
    await seat.fleet.tell("send", message=METER_VALUES, count=count, rate=plan.rate)
    await asyncio.sleep(_AFTER_SLICE)
    counted = await seat.home_assistant.tell("writes")
    seat.figures["writes"] = counted["writes"] / count
    seat.figures["changes"] = counted["changes"] / count


async def _conclude(seat: Seat) -> None:
    errors = (await seat.fleet.tell("errors"))["errors"]
    trips = sorted(seat.round_trips)
    seat.figures |= {
        **{message: sums.each(seat.idle) for message, sums in seat.sums.items()},
        "idle": seat.idle.cpu / seat.idle.seconds,
        "round_trip_p50": 1000 * median(trips),
        "round_trip_p99": 1000 * trips[int(0.99 * len(trips))],
        "errors": errors,
        # A frame that never came is as bad as can be.
        "limit_p50": 1000 * median(seat.limits or [inf]),
        "limit_frames_before": max(seat.frames_before, default=inf),
    }
