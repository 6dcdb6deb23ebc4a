"""People who charge at the chargers, again and again."""

import asyncio
from random import Random
import time

from .charger import Charger

_ENDS = ("Local", "EVDisconnected")


class People:
    """Whoever uses the chargers of a run."""

    def __init__(self, random: Random) -> None:
        """Let them come."""
        self._random = random
        self._active = asyncio.Event()
        self._active.set()
        self._going_home = False
        self._gone: list[asyncio.Event] = []

    def rest(self) -> None:
        """Have nobody do anything; cars that charge stay where they are."""
        self._active.clear()

    def go_on(self) -> None:
        """End the rest."""
        self._active.set()

    async def go_home(self) -> None:
        """Let everybody finish, and nobody come any more."""
        self._going_home = True
        self.go_on()
        for gone in self._gone:
            await gone.wait()

    async def use(self, charger: Charger, connector: int) -> None:
        """Charge at a connector until it is time to go home."""
        random = Random(self._random.random())
        gone = asyncio.Event()
        self._gone.append(gone)
        number = 0
        while not self._going_home:
            number += 1
            await self._wait(random.choice((0.02, 0.2)) + charger.shortest_pause)
            if charger.running(connector) is None:
                charger.begin(connector, f"Card {connector}-{number % 5}")
            await self._charge(charger, connector, random)
            if random.random() < 0.05:
                await charger.lose_power(random.uniform(0.1, 0.5))
            elif random.random() < 0.1:
                charger.drop()
            await self._wait(0)
            charger.end(connector, random.choice(_ENDS))
        charger.end(connector, random.choice(_ENDS))
        gone.set()

    async def _charge(self, charger: Charger, connector: int, random: Random) -> None:
        # Most are over soon, some before the car took anything; some outlive many kills.
        kind = random.random()
        seconds = random.uniform(0.05, 0.6)
        if kind < 0.1:
            seconds = 0
        elif kind > 0.9:
            seconds = random.uniform(3, 9)
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._going_home:
            await self._wait(random.uniform(0.02, 0.1))
            charger.meter(connector, random.randrange(40))

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._active.wait()
