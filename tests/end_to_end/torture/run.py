"""One run: so many kills, at moments that a seed chooses, while chargers go on charging."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
import signal
from tempfile import TemporaryDirectory
import time

from . import audit
from .charger import Charger
from .home import HOST, PATIENCE, Home, Lost, Zygote
from .ledger import Session
from .live import check_live, check_stop
from .people import People
from .v2 import Charger2
from .v16 import Charger16

# How a life ends, and how often. Most are killed within milliseconds after a transaction
# message was sent or answered: that is where something could be lost.
_ENDS = {
    "sent": 8,
    "answered": 8,
    "starting": 3,
    "any time": 4,
    "stopping": 2,
    "stopped": 1,
}
# In seconds; by then a life ends anyway.
_LONGEST_LIFE = 1.5
# Kills between two looks at what Home Assistant shows after one.
_LOOK_EVERY = 25

# The sorts of chargers there are.
SORTS: tuple[Callable[..., Charger], ...] = (
    partial(Charger16, connectors=2),
    partial(Charger2, connectors=2),
    partial(Charger16, whole_seconds=True, connectors=2),
    partial(Charger16, forgets=True),
    partial(Charger2, connectors=2, forgets=True),
    partial(Charger16, gives_up=True),
    # Its clock begins when it is switched on.
    partial(Charger16, clock_off=timedelta(days=-365 * 50)),
    # It writes the local time and calls it UTC.
    partial(Charger16, clock_off=timedelta(hours=2), whole_seconds=True),
    partial(Charger2, clock_off=timedelta(hours=2), whole_seconds=True),
)

type Say = Callable[[str], None]


class Run:
    """A run over one configuration directory."""

    def __init__(
        self, home: Home, people: People, chargers: list[Charger], random: Random
    ) -> None:
        """Prepare a run."""
        self.home = home
        self.chargers = chargers
        self.kills = 0
        # How lives ended, and how long they took in seconds.
        self.ends: Counter[str] = Counter()
        self.seconds: list[float] = []
        self._people = people
        self._random = random
        # After how many transaction messages, sent or answered, the kill comes, and how
        # many seconds later.
        self._awaited = ""
        self._remaining = 0
        self._delay = 0.0
        for charger in chargers:
            charger.on_sent = lambda _: self._on("sent")
            charger.on_answered = lambda _: self._on("answered")

    @property
    def sessions(self) -> list[Session]:
        """Return every session there was."""
        return [session for charger in self.chargers for session in charger.sessions]

    # --- kills --------------------------------------------------------------------------

    def _on(self, what: str) -> None:
        if what == self._awaited:
            self._remaining -= 1
            if self._remaining == 0:
                asyncio.get_running_loop().call_later(self._delay, self._kill)

    def _kill(self) -> None:
        self.home.signal(signal.SIGKILL)

    async def live(self) -> None:
        """Live once, to the end."""
        random = self._random
        end = random.choices(list(_ENDS), list(_ENDS.values()))[0]
        self._awaited = end
        self._remaining = random.randrange(1, 5)
        self._delay = random.choice(
            (0, random.uniform(0, 0.004), random.uniform(0, 0.02))
        )
        begun = time.monotonic()
        await self.home.start()
        match end:
            case "sent" | "answered":
                await self._last(_LONGEST_LIFE)
            case "starting":
                await self._last(random.uniform(0, 0.2))
            case _:
                await self._last(random.uniform(0.15, _LONGEST_LIFE / 2))
        if end in ("stopping", "stopped"):
            self.home.signal(signal.SIGTERM)
            await self._last(PATIENCE if end == "stopped" else random.uniform(0, 0.05))
            self._kill()
        await self._end_of_life(by_itself=end in ("stopping", "stopped"))
        self.ends[end] += 1
        self.seconds.append(time.monotonic() - begun)

    async def _last(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.home.ended.wait()

    async def _end_of_life(self, *, by_itself: bool = False) -> None:
        self._awaited = ""
        if not by_itself:
            self._kill()
        code = await self.home.gone()
        if code == -signal.SIGKILL:
            self.kills += 1
        elif not by_itself or code not in (0, -signal.SIGTERM):
            raise Lost(f"It ended by itself ({code}):\n{self.home.console()}")
        stored = audit.rows(self.home.database)
        audit.check(stored, self.sessions)
        if code == 0:
            audit.check_progress(stored, self.sessions)
        else:
            # Samples are not written one by one; the next brings back what they said.
            for session in self.sessions:
                session.acknowledged = 0
        faults = [fault for charger in self.chargers for fault in charger.faults]
        faults += self.home.faults()
        if faults:
            raise Lost("\n".join(faults))

    # --- what people see ----------------------------------------------------------------

    async def look(self, *, killed: bool) -> None:
        """End it while cars charge, start it again, and look at what it shows then.

        The chargers connect, but say nothing: what is shown is known from the disk.
        """
        await self.home.start()
        self._people.rest()
        for charger in self.chargers:
            if charger.running(1) is None:
                charger.begin(1, "LOOK")
            for connector in charger.connectors:
                charger.meter(connector, 25)
        await self._until(lambda charger: charger.told_all)
        for charger in self.chargers:
            charger.silent = True
        if not killed:
            self.home.signal(signal.SIGTERM)
        await self._end_of_life(by_itself=not killed)
        await self.home.start()
        await self.home.listening()
        await check_live(self.home, self.chargers, exactly=not killed)
        await check_stop(self.home, self.chargers)
        for charger in self.chargers:
            charger.silent = False
            charger.drop()
        self._people.go_on()
        await self._end_of_life()

    async def finish(self) -> None:
        """Let every session end and its end be told, and count."""
        await self.home.start()
        await self._people.go_home()
        await self._until(lambda charger: charger.told_all)
        self.home.signal(signal.SIGTERM)
        await self._end_of_life(by_itself=True)
        audit.check_finished(audit.rows(self.home.database), self.sessions)

    async def _until(self, done: Callable[[Charger], bool]) -> None:
        try:
            async with asyncio.timeout(2 * PATIENCE):
                while not all(done(charger) for charger in self.chargers):
                    await asyncio.sleep(0.01)
        except TimeoutError as error:
            raise Lost(
                f"Chargers wait for answers for ever:\n{self.home.console()}"
            ) from error


def build_chargers(url: str, random: Random, count: int) -> list[Charger]:
    """Return chargers of every sort there is."""
    return [
        SORTS[number % len(SORTS)](url, f"T{number + 1}", Random(random.random()))
        for number in range(count)
    ]


@asynccontextmanager
async def prepared(seed: int, chargers: int, directory: Path) -> AsyncIterator[Run]:
    """Return a run whose chargers are at work; everything started ends after it."""
    random = Random(seed)
    async with AsyncExitStack() as stack:
        zygote = await stack.enter_async_context(Zygote.open())
        identities = [f"T{number + 1}" for number in range(chargers)]
        home = Home(directory / "config", zygote, identities)
        url = f"ws://{HOST}:{home.ocpp_port}"
        built = build_chargers(url, random, chargers)
        people = People(Random(random.random()))
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(charger.run()) for charger in built]
            running += [
                tasks.create_task(people.use(charger, connector))
                for charger in built
                for connector in charger.connectors
            ]
            try:
                yield Run(home, people, built, random)
            finally:
                for task in running:
                    task.cancel()
                await home.close()


async def torture(
    *, kills: int, seed: int, chargers: int, say: Say, keep: Path | None = None
) -> None:
    """Kill Home Assistant so many times; raise `Lost` when anything was lost.

    With `keep` the directory of the run is kept there.
    """
    began = time.monotonic()
    say(f"Seed {seed}: {kills} kills, {chargers} chargers")
    with TemporaryDirectory() as temporary:
        async with prepared(seed, chargers, keep or Path(temporary)) as run:
            looks = 0
            while run.kills < kills:
                await run.live()
                if run.kills // _LOOK_EVERY != (run.kills - 1) // _LOOK_EVERY:
                    say(f"{run.kills} kills, {len(run.sessions)} sessions")
                    looks += 1
                    await run.look(killed=looks % 2 == 1)
            await run.finish()
        say(
            f"Nothing was lost in {run.kills} kills and {len(run.sessions)} sessions:"
            f" {time.monotonic() - began:.0f} s,"
            f" {sum(run.seconds) / len(run.seconds):.2f} s a life; "
            + ", ".join(f"{number} {end}" for end, number in run.ends.most_common())
        )
