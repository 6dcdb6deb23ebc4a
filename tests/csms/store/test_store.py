"""Prove that what must survive does, and that charging goes on when nothing can."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
import signal
import sys
import time
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.model import (
    IdTokenInfo,
    StationSettings,
    Transaction,
    utcnow,
)
from custom_components.ocpp.csms.store import Store, writer

from ..conftest import IDENTITY, PATIENCE, MakeWire
from .conftest import OpenStore

NOW = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)
START = Transaction(
    number=0,
    id="",
    station="CP1",
    evse=1,
    started=NOW,
    id_token="Card",
    meter_start=1000,
)


def url(path: Path) -> str:
    """Return the URL of a file."""
    return f"sqlite:///{path}"


async def reopened(path: Path) -> Store:
    """Return a store on a file, as after a restart."""
    store = Store(url(path))
    await store.open()
    return store


# --- stations -----------------------------------------------------------------------------


async def test_facts_are_there_again_after_a_restart(open_store: OpenStore) -> None:
    """And gone once the station is forgotten."""
    store = await open_store()
    assert await store.load_facts("CP1") == {}
    await store.save_facts("CP1", {"evses": [1]})
    await store.save_facts("CP1", {"evses": [1, 2], "provisioning": {"info": None}})
    await store.save_facts("CP2", {"evses": [1]})
    await store.close()
    store = await open_store()
    assert await store.load_facts("CP1") == {
        "evses": [1, 2],
        "provisioning": {"info": None},
    }
    await store.forget_station("CP1")
    assert await store.load_facts("CP1") == {}
    assert await store.load_facts("CP2") == {"evses": [1]}


# --- transactions -------------------------------------------------------------------------


async def test_a_transaction_is_there_again_after_a_restart(
    open_store: OpenStore,
) -> None:
    """With everything that is known of it, and where its counting is."""
    store = await open_store()
    begun, new = await store.begin(START, dated=True)
    assert new
    assert begun == replace(START, number=begun.number, id=str(begun.number))
    counted = replace(begun, energy=512.5)
    await store.save(counted, {"last": 1512.5})
    await store.close()
    store = await open_store()
    assert await store.latest("CP1") == [(counted, {"last": 1512.5})]
    assert await store.find("CP1", begun.id) == counted
    ended = replace(
        counted,
        ended=NOW + timedelta(hours=1),
        meter_stop=9000,
        stop_reason="local",
        cost=2.345,
        cost_complete=False,
        currency="EUR",
        exported=400.0,
        card="Käthes Karte",
    )
    await store.save(ended, {})
    assert await store.latest("CP1") == [(ended, {})]


async def test_the_newest_session_of_each_evse_is_the_latest(store: Store) -> None:
    """Refused starts and ends of unknown sessions are no sessions."""
    refused = IdTokenInfo(status="Invalid")
    await store.begin(START, dated=True)
    newer, _ = await store.begin(replace(START, started=NOW + timedelta(1)), dated=True)
    other, _ = await store.begin(replace(START, evse=2), dated=True)
    await store.begin(
        replace(START, started=NOW + timedelta(2), token_info=refused), dated=True
    )
    await store.begin(replace(START, evse=0, ended=NOW), dated=True)
    await store.begin(replace(START, station="CP2"), dated=True)
    assert {entry for entry, _ in await store.latest("CP1")} == {newer, other}


async def test_a_station_finds_only_its_own_transactions(store: Store) -> None:
    """By its own name for them; the newest where it used one twice."""
    first, _ = await store.begin(replace(START, id="7"), dated=True)
    assert await store.find("CP1", "7") == first
    assert await store.find("CP2", "7") is None
    assert await store.find("CP1", "8") is None
    again, _ = await store.begin(
        replace(START, id="7", started=NOW + timedelta(1)), dated=True
    )
    assert again.number != first.number
    assert await store.find("CP1", "7") == again


@pytest.mark.parametrize(
    "repeated",
    [
        START,
        replace(START, id_token="CARD"),
        replace(START, token_info=IdTokenInfo(status="Invalid")),
        replace(START, started=NOW.astimezone()),
    ],
    ids=["same", "letter case", "verdict", "zone"],
)
async def test_a_repeated_start_gets_the_transaction_it_began(
    store: Store, repeated: Transaction
) -> None:
    """With the verdict on the card that was given then."""
    begun, _ = await store.begin(START, dated=True)
    assert await store.begin(repeated, dated=True) == (begun, False)


async def test_a_start_is_recognised_also_after_its_end(store: Store) -> None:
    """A station may repeat what it queued from the beginning."""
    begun, _ = await store.begin(START, dated=True)
    ended = replace(begun, ended=NOW + timedelta(hours=1), stop_reason="local")
    await store.save(ended, {})
    assert await store.begin(START, dated=True) == (ended, False)


async def test_a_start_without_a_register_is_recognised(store: Store) -> None:
    """It is another than one with the register at zero."""
    begun, _ = await store.begin(replace(START, meter_start=None), dated=True)
    assert await store.begin(replace(START, meter_start=None), dated=True) == (
        begun,
        False,
    )
    assert (await store.begin(replace(START, meter_start=0), dated=True))[1]


@pytest.mark.parametrize(
    "other",
    [
        replace(START, station="CP2"),
        replace(START, evse=2),
        replace(START, id_token="Other"),
        replace(START, started=NOW + timedelta(milliseconds=1)),
        replace(START, meter_start=1001),
    ],
    ids=["station", "evse", "token", "time", "register"],
)
async def test_a_start_that_differs_is_a_new_transaction(
    store: Store, other: Transaction
) -> None:
    """In its station, EVSE, token, time or register."""
    begun, _ = await store.begin(START, dated=True)
    another, new = await store.begin(other, dated=True)
    assert new and another.number > begun.number > 0


async def test_without_a_time_a_start_is_a_repetition_only_while_it_runs_and_is_recent(
    store: Store,
) -> None:
    """A quarter of an hour, by our clock."""
    begun, _ = await store.begin(START, dated=False)
    later = replace(START, started=NOW + timedelta(minutes=14))
    assert await store.begin(later, dated=False) == (begun, False)
    too_late = replace(START, started=NOW + timedelta(minutes=16))
    assert (await store.begin(too_late, dated=False))[1]


async def test_without_a_time_a_start_behind_an_end_is_a_new_transaction(
    store: Store,
) -> None:
    """The same card at the same register, a minute later."""
    begun, _ = await store.begin(START, dated=False)
    await store.save(replace(begun, ended=NOW), {})
    again = replace(START, started=NOW + timedelta(minutes=1))
    assert (await store.begin(again, dated=False))[1]


@pytest.mark.parametrize("transaction_id", ["77", ""])
async def test_a_repeated_end_of_an_unknown_session_is_kept_once(
    store: Store, transaction_id: str
) -> None:
    """Also when the station has no id for it."""
    orphan = replace(START, id=transaction_id, evse=0, ended=NOW, meter_start=None)
    kept, new = await store.begin(orphan, dated=True)
    assert new and kept.id == (transaction_id or str(kept.number))
    assert await store.begin(orphan, dated=True) == (kept, False)
    assert (await store.begin(replace(orphan, id="78"), dated=True))[1]


# --- numbers ------------------------------------------------------------------------------


async def test_numbers_are_unique_over_restarts_and_a_lost_file(tmp_path: Path) -> None:
    """Stations may still know the numbers of a lost file."""
    numbers = []
    for path in ("a.db", "a.db", "b.db"):
        store = await reopened(tmp_path / path)
        for minute in range(5):
            later = NOW + timedelta(minutes=len(numbers) + minute)
            begun, _ = await store.begin(replace(START, started=later), dated=True)
            numbers.append(begun.number)
        await store.close()
        # A second at least passes between two starts of Home Assistant.
        if path == "a.db" and len(numbers) == 10:
            assert max(numbers) <= int(time.time()) + 10
    assert len(set(numbers[:10])) == 10
    assert all(number >= int(time.time()) - 60 for number in numbers)


async def test_a_lost_file_gives_no_number_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers begin at the present time in seconds."""
    store = await reopened(tmp_path / "a.db")
    old, _ = await store.begin(START, dated=True)
    await store.close()
    (tmp_path / "a.db").unlink()
    monkeypatch.setattr(time, "time", lambda now=time.time: now() + 60)
    store = await reopened(tmp_path / "a.db")
    new, _ = await store.begin(START, dated=True)
    assert new.number > old.number
    await store.close()


async def test_numbers_are_unique_over_two_stores_on_one_database(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two central systems may share it."""
    # On a busy machine all of them take long, and who does not wait is told any number.
    monkeypatch.setattr(writer, "LONGEST_REPLY", 60)
    stores = [await open_store() for _ in range(2)]
    begun = await asyncio.gather(
        *(
            stores[minute % 2].begin(
                replace(START, started=NOW + timedelta(minutes=minute)), dated=True
            )
            for minute in range(40)
        )
    )
    assert all(new for _, new in begun)
    numbers = {transaction.number for transaction, _ in begun}
    assert len(numbers) == 40
    for store in stores:
        found = [await store.find("CP1", str(number)) for number in numbers]
        assert None not in found


# --- durable before the answer ------------------------------------------------------------

SERVER = """
import asyncio, sys
sys.path.insert(0, {root!r})
from types import ModuleType
package = ModuleType("custom_components.ocpp")
package.__path__ = [{root!r} + "/custom_components/ocpp"]
sys.modules["custom_components.ocpp"] = package
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.model import Options, StationSettings
from custom_components.ocpp.csms.store import Store

async def main():
    store = Store({url!r})
    await store.open()
    central = CentralSystem(host="127.0.0.1", port=0, store=store, options=Options())
    await central.open()
    await central.add_station("CP1", StationSettings())
    await central.listen()
    print(central.port, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_process_loses_no_transaction_it_has_answered(
    tmp_path: Path,
) -> None:
    """Neither its start nor its end."""
    from websockets.asyncio.client import connect
    from websockets.typing import Subprotocol

    root = str(Path(__file__).parents[3])
    code = SERVER.format(root=root, url=url(tmp_path / "a.db"))
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        async with asyncio.timeout(20):
            port = int(await server.stdout.readline())
        async with connect(
            f"ws://127.0.0.1:{port}/CP1",
            subprotocols=[Subprotocol("ocpp1.6")],
            proxy=None,
        ) as socket:

            async def ask(action: str, **payload: Any) -> Any:
                await socket.send(json.dumps([2, action, action, payload]))
                while True:
                    frame = json.loads(await socket.recv())
                    if frame[:2] == [3, action]:
                        return frame[2]

            at = "2026-05-04T12:00:00Z"
            async with asyncio.timeout(PATIENCE):
                answer = await ask(
                    "StartTransaction",
                    connectorId=1,
                    idTag="A",
                    meterStart=5,
                    timestamp=at,
                )
                number = answer["transactionId"]
                await ask(
                    "StopTransaction", transactionId=number, meterStop=905, timestamp=at
                )
                second = await ask(
                    "StartTransaction",
                    connectorId=1,
                    idTag="B",
                    meterStart=905,
                    timestamp=at,
                )
            os.kill(server.pid, signal.SIGKILL)
    finally:
        if server.returncode is None:
            try:
                server.kill()
            except ProcessLookupError:
                pass
        await server.wait()
    store = await reopened(tmp_path / "a.db")
    first = await store.find("CP1", str(number))
    running = await store.find("CP1", str(second["transactionId"]))
    await store.close()
    assert first is not None and (first.energy, first.meter_stop) == (900, 905)
    assert running is not None and running.running and running.id_token == "B"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
async def test_the_wire_waits_for_the_disk(
    store: Store,
    wire: MakeWire,
    central: CentralSystem,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A start is answered after it is stored, and not before."""
    await central.add_station(IDENTITY, StationSettings())
    go_on = asyncio.Event()
    stored: list[Transaction] = []
    begin = store.begin

    async def slowly(
        transaction: Transaction, **options: Any
    ) -> tuple[Transaction, bool]:
        await go_on.wait()
        result = await begin(transaction, **options)
        stored.append(result[0])
        return result

    monkeypatch.setattr(store, "begin", slowly)
    station = await wire()
    at = utcnow().isoformat()
    payload = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": at}
    await station.send([2, "1", "StartTransaction", payload])
    await station.send([2, "2", "Heartbeat", {}])
    assert (await station.receive())[1] == "2"
    go_on.set()
    answer = await station.answer_to("1")
    assert answer[2]["transactionId"] == stored[0].number
