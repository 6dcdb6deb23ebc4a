"""A central system with one station of which nothing but the network is made up."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
import json
import logging
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Self

import orjson

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import OcppError
from custom_components.ocpp.csms.model import Options, StationSettings
from custom_components.ocpp.csms.schemas import Schemas, load_schemas
from custom_components.ocpp.csms.store import Store
from custom_components.ocpp.csms.versions import Version
from custom_components.ocpp.csms.wire import Take

from . import messages

IDENTITY = "CP1"
# In memory where there is such a place: what survives a power cut is for the store's tests.
_MEMORY = Path("/dev/shm")
# What a station that does not answer costs, in seconds.
_PATIENCE = 0.02
OPTIONS = Options(
    boot_grace=0,
    settle=0,
    queue_grace=0,
    adoption_grace=_PATIENCE,
    call_timeout=_PATIENCE,
    known_vendors=frozenset({"cp1"}),
)


class Faults(logging.Handler):
    """What must never happen: tracebacks, errors and exceptions that nobody caught."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__(logging.DEBUG)
        self.found: list[str] = []
        self._loggers = [
            logging.getLogger(name)
            for name in ("custom_components.ocpp", "websockets", "asyncio")
        ]

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what tells of a fault of ours."""
        if record.exc_info or record.levelno >= logging.ERROR:
            self.found.append(logging.Formatter().format(record))

    def on_exception(self, loop: Any, context: dict[str, Any]) -> None:
        """Keep what escaped into the event loop."""
        error = context.get("exception")
        told = logging.Formatter().formatException(
            (type(error), error, error.__traceback__) if error else (None, None, None)
        )
        self.found.append(f"{context.get('message')}\n{told}")

    def __enter__(self) -> Self:
        """Listen from now on."""
        asyncio.get_running_loop().set_exception_handler(self.on_exception)
        for logger in self._loggers:
            logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        for logger in self._loggers:
            logger.removeHandler(self)
        asyncio.get_running_loop().set_exception_handler(None)


class Line:
    """The socket of a station that says what it is told to, and answers by chance."""

    def __init__(self, rng: Random, version: Version) -> None:
        """Begin open."""
        self.rng = rng
        self._version = version
        self._responses = messages.schemas(version, responses=True)
        self._incoming: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        # How often each CALL of the station was answered, by message id.
        self.answers: Counter[str] = Counter()
        self.payloads: dict[str, Any] = {}
        self.closed = False
        # Whether what we are asked is answered as the schemas have it.
        self.honest = False
        self.asked = 0

    def say(self, data: str | bytes | None) -> None:
        """Have the station say something; None is that it hangs up."""
        self._incoming.put_nowait(data)

    def send(self, message: bytes) -> None:
        """Take what the central system says."""
        match json.loads(message):
            case [2, str(message_id), str(action), dict() as payload]:
                self.asked += 1
                self._answer(message_id, action, payload)
            case [3, message_id, dict() as payload]:
                self.answers[str(message_id)] += 1
                self.payloads[str(message_id)] = payload
            case [4, message_id, str(), str(), dict()]:
                self.answers[str(message_id)] += 1
            case [5, str(), str(), str(), dict()] if self._version.unanswered:
                pass
            case [6, str(), str(), dict()] if self._version.unanswered:
                pass
            case frame:
                raise AssertionError(f"no frame of OCPP: {frame}")

    def _answer(self, message_id: str, action: str, payload: messages.Payload) -> None:
        rng, chance = self.rng, self.rng.random()
        answer: Any = messages.valid(rng, self._responses[action])
        if not self.honest and chance < 0.02:
            return  # It never answers.
        if not self.honest and chance < 0.1:
            error = [rng.choice(messages.NASTY) for _ in range(rng.randrange(4))]
            self.say(messages.frame(rng, 4, message_id, *error))
            return
        if not self.honest and chance < 0.4:
            answer = messages.mutated(rng, answer)
        self.say(messages.frame(rng, 3, message_id, answer))
        if not self.honest and chance > 0.95:
            self.say(messages.frame(rng, 3, message_id, answer))

    async def deliver(self, take: Take) -> None:
        """Hand over what the station says."""
        while (data := await self._incoming.get()) is not None:
            # As a network does: others get their turn.
            await asyncio.sleep(0)
            busy = take(data if isinstance(data, bytes) else data.encode())
            if busy is not None:
                await busy.wait()

    def abort(self) -> None:
        """Be closed by the central system."""
        self.closed = True
        self._incoming.put_nowait(None)

    @property
    def unread(self) -> int:
        """Return how much was said and not yet read."""
        return self._incoming.qsize()


class Bench:
    """A central system that one station talks to, without a network."""

    def __init__(self, directory: Path, version: Version, rng: Random) -> None:
        """Keep the database in a directory."""
        self.version = version
        self.rng = rng
        self.faults = Faults()
        self.said = 0
        self._directory = directory
        self._requests = messages.schemas(version)
        answers = messages.schemas(version, responses=True)
        self.actions = list(self._requests)
        self._answered = [action for action in self._requests if action in answers]
        self._expected: dict[str, str] = {}
        self._wishes: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Start, and have the station connect."""
        self.faults.__enter__()
        database = self._directory / "ocpp.db"
        database.write_bytes(_empty())
        self._store = Store(f"sqlite:///{database}")
        await self._store.open()
        self.central = CentralSystem(
            host="127.0.0.1", port=0, store=self._store, options=OPTIONS
        )
        self.central.shared.schemas[self.version] = load_schemas(self.version)
        self.station: ChargingStation = await self.central.add_station(
            IDENTITY, StationSettings()
        )
        self.connect()
        return self

    def connect(self) -> None:
        """Have the station connect."""
        self.line = Line(self.rng, self.version)
        self._serving = asyncio.ensure_future(
            self.station.serve(self.line, self.version)
        )

    async def reconnect(self) -> None:
        """Have the station hang up, and connect again."""
        self.line.say(None)
        await self._serving
        self.check()
        self.connect()

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        self.line.say(None)
        await self._serving
        for wish in self._wishes:
            wish.cancel()
        await asyncio.gather(*self._wishes, return_exceptions=True)
        await self.central.close()
        await self._store.close()
        self.faults.__exit__()

    @property
    def schemas(self) -> Schemas:
        """Return the schemas of the version."""
        return self.central.shared.schemas[self.version]

    # --- what happens -------------------------------------------------------------------

    def step(self) -> None:
        """Have something happen by chance."""
        chance = self.rng.random()
        if chance < 0.06:
            self.line.say(messages.junk(self.rng))
            self.said += 1
        elif chance < 0.1:
            self.wish()
        else:
            self.say()

    def say(self, action: str | None = None, *, spoilt: float = 0.5) -> None:
        """Have the station send a CALL, valid or not; it must be answered once."""
        rng = self.rng
        action = action or rng.choice(list(self._requests))
        payload: Any = messages.valid(rng, self._requests[action])
        if rng.random() < spoilt:
            payload = messages.mutated(rng, payload)
        if rng.random() < 0.005:
            action = str(rng.choice(messages.NASTY))
        kind = 6 if self.version.unanswered and rng.random() < 0.05 else 2
        message_id = f"m{self.said}"
        self.said += 1
        text = messages.frame(rng, kind, message_id, action, payload)
        self.line.say(text)
        if kind == 2 and _is_readable(text, message_id, action):
            self._expected[message_id] = action

    def tell(self, action: str, payload: messages.Payload) -> None:
        """Have the station send a CALL."""
        message_id = f"m{self.said}"
        self.said += 1
        self._expected[message_id] = action
        self.line.say(orjson.dumps([2, message_id, action, payload]))

    def wish(self) -> None:
        """Have people want something of the station."""
        action = self.rng.choice(self._answered)
        payload = messages.valid(self.rng, self._requests[action])
        task = asyncio.ensure_future(self._wish(action, payload))
        self._wishes.add(task)
        task.add_done_callback(self._wishes.discard)

    async def _wish(self, action: str, payload: messages.Payload) -> None:
        try:
            await self.station.sending.command(action, payload)
        except OcppError:
            pass
        except Exception as error:  # noqa: BLE001 - that there is none is what is tested
            self.faults.on_exception(
                None, {"message": f"wish {action}", "exception": error}
            )

    async def settle(self) -> None:
        """Wait until everything that was said is read and answered."""
        async with asyncio.timeout(30):
            while (
                self.line.unread
                or self._wishes
                or any(it not in self.line.answers for it in self._expected)
            ):
                if self._serving.done():
                    break
                await asyncio.sleep(0.001)

    def check(self) -> None:
        """Demand what must hold whatever was said."""
        assert not self.faults.found, self.faults.found[0]
        assert not self.line.closed, "the socket of the station was closed"
        assert self.station._rpc is not None or self._serving.done()
        for message_id, action in self._expected.items():
            times = self.line.answers[message_id]
            assert times == 1, f"{action} was answered {times} times"
            answer = self.line.payloads.get(message_id)
            validator = self.schemas.responses.get(action)
            if answer is not None and validator is not None:
                errors = list(validator.iter_errors(answer))
                assert not errors, f"{action}: {errors[0]}"
        self._expected.clear()
        self.line.answers.clear()
        self.line.payloads.clear()


async def answered(
    station: ChargingStation, action: str, payload: Any
) -> messages.Payload:
    """Have a station say something and return the answer; raises `MessageRefused`."""
    answer = station._handle(action, payload)
    return answer if isinstance(answer, dict) else await answer


def _is_readable(text: str, *head: str) -> bool:
    """Return whether a frame can be read as the message that it was meant to be."""
    try:
        return orjson.loads(text)[1:3] == [*head]  # type: ignore[no-any-return]
    except ValueError:
        return False


# --- whole runs --------------------------------------------------------------------------


def converse(version: Version, rng: Random, *, messages: int = 0) -> int:
    """Have a station and the central system talk; return how many messages were sent.

    Without a number the source of chance says how long, by the bytes that it has left.
    """

    async def talk(bench: Bench) -> None:
        bench.line.honest = rng.random() < 0.5
        bench.say("BootNotification", spoilt=0.1)
        while bench.said < messages or getattr(rng, "left", False):
            for _ in range(20):
                bench.step()
            await bench.settle()
            bench.check()
            if rng.random() < 0.1:
                await bench.reconnect()

    return _run(version, rng, talk)


def tell(version: Version, said: Sequence[str | bytes]) -> None:
    """Have a station say something, whatever it is, and be answered afterwards."""

    async def talk(bench: Bench) -> None:
        bench.line.honest = True
        for data in said:
            bench.line.say(data)
        bench.say("Heartbeat", spoilt=0)
        await bench.settle()
        bench.check()

    _run(version, Random(1), talk)


def _run(
    version: Version, rng: Random, talk: Callable[[Bench], Coroutine[Any, Any, None]]
) -> int:
    async def run(directory: str) -> int:
        bench = Bench(Path(directory), version, rng)
        async with bench:
            await talk(bench)
        assert not bench.faults.found, bench.faults.found[0]
        return bench.said

    with TemporaryDirectory(dir=_MEMORY if _MEMORY.exists() else None) as directory:
        return asyncio.run(run(directory))


@cache
def _empty() -> bytes:
    """Return a database with nothing in it, made once."""

    async def make(path: Path) -> None:
        store = Store(f"sqlite:///{path}")
        await store.open()
        await store.close()

    with TemporaryDirectory() as directory, ThreadPoolExecutor(1) as thread:
        path = Path(directory) / "ocpp.db"
        thread.submit(asyncio.run, make(path)).result()
        return path.read_bytes()
