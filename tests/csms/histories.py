"""A central system with one station, to which histories of messages are told.

Everything but the network is the product's own: frames go through its RPC layer, records
into a database file, and restarts open a new central system on that file.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import cache
import itertools
import json
from pathlib import Path
import sqlite3
from tempfile import TemporaryDirectory
from typing import Any

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import (
    Options,
    RegistrationStatus,
    StationSettings,
)
from custom_components.ocpp.csms.store import Store
from custom_components.ocpp.csms.versions import V16, Version
from custom_components.ocpp.csms.wire import Take

IDENTITY = "CP1"
# In memory where there is such a place: what survives a power cut is for the store's tests.
_MEMORY = Path("/dev/shm")
# Longer than any history: nothing is asked of the station.
_OPTIONS = Options(boot_grace=3600, settle=3600, queue_grace=0)

type Payload = dict[str, Any]
type Row = dict[str, Any]


class _Socket:
    """The station's socket; what it is sent answers what it said, but for what it is asked."""

    def __init__(self, obey: Callable[[str, Payload], Payload]) -> None:
        self._obey = obey
        self.incoming: asyncio.Queue[str | None] = asyncio.Queue()
        self.answers: dict[str, asyncio.Future[Any]] = {}

    async def send(self, message: bytes) -> None:
        match json.loads(message):
            case [3, message_id, answer]:
                self.answers[message_id].set_result(answer)
            case [2, message_id, action, payload]:
                answer = [3, message_id, self._obey(action, payload)]
                self.incoming.put_nowait(json.dumps(answer))
            case frame:
                raise AssertionError(frame)

    async def deliver(self, take: Take) -> None:
        while (text := await self.incoming.get()) is not None:
            if (busy := take(text.encode())) is not None:
                await busy.wait()

    def abort(self) -> None:
        self.incoming.put_nowait(None)


def _asked_nothing(action: str, payload: Payload) -> Payload:
    raise AssertionError(action, payload)


class Central:
    """A central system, until the next restart, and the station's socket."""

    def __init__(self, directory: Path, version: Version) -> None:
        """Use, or begin, the database in a directory."""
        self.database = directory / "ocpp.db"
        self.version = version
        self.station: ChargingStation
        # How the station answers what it is asked.
        self.obey: Callable[[str, Payload], Payload] = _asked_nothing
        self._ids = itertools.count(1)

    async def open(self) -> None:
        """Start, and have the station connect."""
        self._store = Store(f"sqlite:///{self.database}")
        await self._store.open()
        self._central = CentralSystem(
            host="127.0.0.1", port=0, store=self._store, options=_OPTIONS
        )
        await self._central.open()
        self.station = await self._central.add_station(IDENTITY, StationSettings())
        self.connect()

    def connect(self) -> None:
        """Have the station connect, which ends the connection it had."""
        self._socket = _Socket(self._on_command)
        serving = self.station.serve(self._socket, self.version)
        self._serving = asyncio.ensure_future(serving)

    def _on_command(self, action: str, payload: Payload) -> Payload:
        return self.obey(action, payload)

    async def disconnect(self) -> None:
        """Have the station's network fail."""
        self._socket.abort()
        await self._serving

    async def restart(self, *, killed: bool) -> None:
        """Restart; when it is killed, nothing is saved that was not before."""
        await self.close(killed=killed)
        await self.open()

    async def close(self, *, killed: bool = True) -> None:
        """Stop."""
        if not killed:
            await self._central.close()
        await self.disconnect()
        for task in self.station._tasks:
            task.cancel()
        await self._store.close()

    async def say(self, action: str, payload: Payload) -> Payload:
        """Have the station say something; return the answer."""
        message_id = f"m{next(self._ids)}"
        loop = asyncio.get_running_loop()
        answer = self._socket.answers[message_id] = loop.create_future()
        self._socket.incoming.put_nowait(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(20):
            return await answer  # type: ignore[no-any-return]

    async def die_before_saving(self, start: Payload) -> None:
        """Be told of a start, and be killed when anything is saved for the second time."""
        dying = asyncio.Event()

        async def save(*_: Any, **__: Any) -> None:
            dying.set()
            await asyncio.Event().wait()

        self._store.save = save  # type: ignore[method-assign]
        telling = asyncio.ensure_future(self.say("StartTransaction", start))
        await asyncio.wait(
            [telling, asyncio.ensure_future(dying.wait())],
            return_when=asyncio.FIRST_COMPLETED,
        )
        telling.cancel()
        for task in self.station._rpc._in_work if self.station._rpc else ():
            task.cancel()
        await self.restart(killed=True)

    async def at_rest(self) -> None:
        """Wait until nothing is left to do in the background."""
        while self.station._tasks:
            await asyncio.wait(self.station._tasks)

    def refuse(self, *, refuse: bool) -> None:
        """Have the station's sessions refused from now on, or allowed."""
        status = RegistrationStatus.REJECTED if refuse else RegistrationStatus.ACCEPTED
        self.station.apply_settings(StationSettings(registration=status))

    def rows(self) -> list[Row]:
        """Return every session that is stored, in the order they were begun."""
        connection = sqlite3.connect(self.database)
        connection.row_factory = sqlite3.Row
        try:
            query = "SELECT * FROM transactions ORDER BY number"
            return [dict(row) for row in connection.execute(query)]
        finally:
            connection.close()


def tell(history: Any, version: Version = V16) -> list[Row]:
    """Tell a history, a function of a `Central`; return the rows in the store then."""

    async def run() -> list[Row]:
        with TemporaryDirectory(dir=_MEMORY if _MEMORY.exists() else None) as directory:
            central = Central(Path(directory), version)
            central.database.write_bytes(_empty())
            await central.open()
            try:
                await history(central)
                await central.at_rest()
            finally:
                await central.close(killed=False)
            return central.rows()

    return asyncio.run(run())


@cache
def _empty() -> bytes:
    """Return a database with nothing in it, made once."""

    async def make(path: Path) -> None:
        store = Store(f"sqlite:///{path}")
        await store.open()
        await store.close()

    with TemporaryDirectory() as directory:
        path = Path(directory) / "ocpp.db"
        _in_own_loop(make(path))
        return path.read_bytes()


def _in_own_loop(work: Coroutine[Any, Any, None]) -> None:
    # A loop runs already where this is asked for.
    from threading import Thread

    thread = Thread(target=asyncio.run, args=(work,))
    thread.start()
    thread.join()


def shown(row: Row) -> Row:
    """Return what people see of a record."""
    return {
        "evse": row["evse"],
        "card": row["id_token"],
        "start": _moment(row["started"]),
        "end": _moment(row["ended"]) if row["ended"] else None,
        "meter_start": row["meter_start"],
        "meter_stop": row["meter_stop"],
        "energy": row["energy"],
        "reason": row["stop_reason"],
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def written(at: datetime, spelling: str = "Z") -> str:
    """Return a time as a station may write it."""
    match spelling:
        case "Z":
            return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case "no zone":
            return at.replace(tzinfo=None).isoformat(timespec="milliseconds")
        case "other zone":
            return (at + timedelta(hours=2)).isoformat().replace("+00:00", "+02:00")
        case "1970":
            # Counted from when the station was switched on, at noon two days ago.
            since = at - (datetime.now(UTC) - timedelta(days=2))
            return written(datetime(1970, 1, 1, tzinfo=UTC) + since)
        case "ahead":
            return written(at + timedelta(days=3))
    raise ValueError(spelling)


# What a wrong clock can't tell.
MOMENTS = ("start", "end")
REASONS = {"Local": "local", "EVDisconnected": "ev_disconnected", None: "local"}


class Session:
    """A session as it was, and the messages in which an honest station tells of it."""

    def __init__(self, drawn: dict[str, Any], *, connector: int = 1) -> None:
        """Build one out of what was drawn; times are in seconds after the first's start."""
        self.connector = connector
        self.card = drawn["card"]
        self.reason = drawn["reason"]
        self.spelling = drawn.get("spelling", "Z")
        noon = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        self.began = noon + timedelta(seconds=drawn["begins"])
        registers = [drawn["register"]]
        for step in drawn["steps"]:
            registers.append(registers[-1] + step)
        self.registers = registers
        self.id = -1
        self.start = self._start()
        self.samples = [
            self._sample(number) for number in range(1, len(self.registers) - 1)
        ]
        self.stop = self._stop()

    @property
    def ended(self) -> datetime:
        """Return when it ended: it is sampled once a minute."""
        return self.began + timedelta(minutes=len(self.registers) - 1)

    def _start(self) -> Payload:
        return {
            "connectorId": self.connector,
            "idTag": self.card,
            "meterStart": self.registers[0],
            "timestamp": written(self.began, self.spelling),
        }

    def _sample(self, number: int) -> Payload:
        at = self.began + timedelta(minutes=number)
        value = {
            "timestamp": written(at, self.spelling),
            "sampledValue": [{"value": str(self.registers[number]), "unit": "Wh"}],
        }
        return {"connectorId": self.connector, "meterValue": [value]}

    def _stop(self) -> Payload:
        stop = {
            "idTag": self.card,
            "meterStop": self.registers[-1],
            "timestamp": written(self.ended, self.spelling),
        }
        return stop | ({"reason": self.reason} if self.reason else {})

    @property
    def messages(self) -> list[tuple[str, Payload]]:
        """Return what is told of it, in order."""
        return [
            ("StartTransaction", self.start),
            *(("MeterValues", sample) for sample in self.samples),
            ("StopTransaction", self.stop),
        ]

    async def tell(self, central: Central, action: str, payload: Payload) -> None:
        """Tell one message; every repeated start must get the same id."""
        if action != "StartTransaction":
            payload = payload | {"transactionId": self.id}
        answer = await central.say(action, payload)
        if action == "StartTransaction":
            assert answer["idTagInfo"]["status"] == "Accepted", answer
            assert answer["transactionId"] > 0, answer
            assert self.id in (-1, answer["transactionId"]), (self.id, answer)
            self.id = answer["transactionId"]

    async def tell_all(self, central: Central) -> None:
        """Tell everything, in order."""
        for action, payload in self.messages:
            await self.tell(central, action, payload)

    @property
    def record(self) -> Row:
        """Return what must be in the store in the end."""
        return {
            "evse": self.connector,
            "card": self.card,
            "start": self.began,
            "end": self.ended,
            "meter_start": self.registers[0],
            "meter_stop": self.registers[-1],
            "energy": self.registers[-1] - self.registers[0],
            "reason": REASONS[self.reason],
        }

    @property
    def undated_record(self) -> Row:
        """Return it without the times, where the station's clock says nothing of them."""
        return {key: value for key, value in self.record.items() if key not in MOMENTS}


async def happen(central: Central, incident: tuple[str, ...]) -> None:
    """Let something happen."""
    match incident:
        case ("status", status):
            now = {"timestamp": written(datetime.now(UTC)), "connectorId": 1}
            if central.version is V16:
                payload = now | {"errorCode": "NoError", "status": status}
            else:
                known = status if status in ("Available", "Faulted") else "Occupied"
                payload = now | {"evseId": 1, "connectorStatus": known}
            await central.say("StatusNotification", payload)
        case ("killed",):
            await central.restart(killed=True)
        case ("restarted",):
            await central.restart(killed=False)
        case ("reconnected",):
            await central.disconnect()
            central.connect()
        case _:
            await central.at_rest()


def rows_of(
    history: Callable[[Central], Awaitable[None]], version: Version = V16
) -> list[Row]:
    """Return what people see of the sessions in the store after a history."""
    return [shown(row) for row in tell(history, version)]
