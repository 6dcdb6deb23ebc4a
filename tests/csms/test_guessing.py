"""Attacks on passwords, over real sockets, just after the central system was started.

No charger was seen since then, so that of no password it is known that it is right.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
import hashlib
from time import monotonic

import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.csms import door, passwords
from custom_components.ocpp.csms.admission import Refusal
from custom_components.ocpp.csms.attempts import AGAIN, FIRST
from custom_components.ocpp.csms.blocks.passwords import Attempt
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import StationSettings
from custom_components.ocpp.csms.passwords import Secret
from custom_components.ocpp.csms.rates import Limits
from tests.csms.conftest import IDENTITY, PATIENCE
from tests.csms.test_passwords import PASSWORD, answered, basic
from tests.simulator import Charger

# A hash that is of no use to anybody, but takes no time.
CHEAP = "cheap$"
RIGHT = basic(IDENTITY, PASSWORD)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what takes time, and take none for it."""
    counted: Counter[str] = Counter()

    def hash_of(password: bytes) -> str:
        counted["hashed"] += 1
        return CHEAP + hashlib.sha256(password).hexdigest()

    def matches(kept: str, password: bytes) -> bool:
        counted["compared"] += 1
        return kept == CHEAP + hashlib.sha256(password).hexdigest()

    monkeypatch.setattr(passwords, "hash_of", hash_of)
    monkeypatch.setattr(passwords, "matches", matches)
    return counted


@pytest.fixture
async def station(central: CentralSystem, looks: Counter[str]) -> ChargingStation:
    """Return a charger that has to show a password, and has not come yet."""
    return await locked(central, IDENTITY)


@pytest.fixture
def come_from(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return how to have everybody come from another address from now on."""
    at = ["attacker"]
    monkeypatch.setattr(door, "who", lambda _: at[0])

    def come(address: str) -> None:
        at[0] = address

    return come


async def locked(central: CentralSystem, identity: str) -> ChargingStation:
    """Add a charger that has to show a password."""
    kept = passwords.hash_of(PASSWORD.encode())
    return await central.add_station(identity, StationSettings(password_hash=kept))


async def knock(central: CentralSystem, identity: str, password: str) -> int:
    """Return how somebody is answered who shows a password; 101 lets in."""
    url = f"ws://127.0.0.1:{central.port}"
    try:
        async with Charger(url, identity, password=password):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def guess(central: CentralSystem, word: object, identity: str = IDENTITY) -> int:
    """Return how a guess is answered."""
    return await knock(central, identity, f"guess number {word}")


async def test_a_charger_comes_in_behind_the_address_of_who_guesses(
    central: CentralSystem, station: ChargingStation
) -> None:
    """As all do behind a proxy: its second attempt is looked at, whatever others do."""
    answers = Counter([await guess(central, number) for number in range(60)])
    assert answers[401] == FIRST // 2
    assert await answered(central, RIGHT) == 429
    for number in range(60, 120):
        assert await guess(central, number) == 429
    assert await answered(central, RIGHT) == 101
    # From then on it is known.
    assert await answered(central, RIGHT) == 101


async def test_all_chargers_come_in_behind_the_address_of_who_guesses_at_many(
    central: CentralSystem, station: ChargingStation
) -> None:
    names = [f"CP{number}" for number in range(2, 22)]
    for name in names:
        await locked(central, name)
    answers = [await guess(central, number, names[number % 20]) for number in range(90)]
    assert answers.count(401) == Limits().failures
    for name in [IDENTITY, *names]:
        assert await knock(central, name, PASSWORD) == 429
    for name in [IDENTITY, *names]:
        assert await knock(central, name, PASSWORD) == 101


async def test_a_charger_at_its_own_address_comes_in_at_once(
    central: CentralSystem,
    station: ChargingStation,
    come_from: Callable[[str], None],
) -> None:
    """Although one attacker does all that one can, and repeats each guess."""
    for number in range(60):
        for _ in range(3):
            await guess(central, number)
    come_from("charger")
    assert await answered(central, RIGHT) == 101


async def test_few_guesses_at_a_charger_are_looked_at_from_however_many_addresses(
    central: CentralSystem,
    station: ChargingStation,
    looks: Counter[str],
    come_from: Callable[[str], None],
) -> None:
    looks.clear()
    for number in range(100):
        come_from(f"attacker {number}")
        for _ in range(3):
            await guess(central, number)
    assert looks["compared"] <= FIRST + AGAIN
    assert looks["hashed"] <= FIRST + AGAIN
    # The charger is late, but not too late.
    come_from("charger")
    assert await answered(central, RIGHT) == 429
    now = monotonic()
    for share in central.door.attempts._shares[station]:
        share._clock = lambda: now + 60
    assert await answered(central, RIGHT) == 101


async def test_also_the_right_password_is_a_guess_where_the_charger_never_was(
    central: CentralSystem,
    station: ChargingStation,
    come_from: Callable[[str], None],
) -> None:
    """Else somebody far away could try as fast as the network allows."""
    come_from("charger")
    assert await answered(central, RIGHT) == 101
    come_from("attacker")
    for number in range(60):
        await guess(central, number)
    assert await answered(central, RIGHT) == 429
    come_from("charger")
    assert await answered(central, RIGHT) == 101


async def test_guesses_are_few_also_where_the_charger_comes_from(
    central: CentralSystem, station: ChargingStation
) -> None:
    """As behind a proxy: else the right one among many would get in at once."""
    assert await answered(central, RIGHT) == 101
    answers = Counter([await guess(central, number) for number in range(60)])
    assert answers == {401: FIRST // 2, 429: 60 - FIRST // 2}
    # Somebody guesses right, and does not know; the charger is looked at when it repeats it.
    assert await answered(central, RIGHT) == 429
    assert await answered(central, RIGHT) == 101
    assert await answered(central, RIGHT) == 101


async def test_guesses_that_are_repeated_where_the_charger_comes_from_are_few_too(
    central: CentralSystem, station: ChargingStation
) -> None:
    assert await answered(central, RIGHT) == 101
    answers: Counter[int] = Counter()
    for number in range(60):
        for _ in range(2):
            answers[await guess(central, number)] += 1
    told = station.passwords.current
    assert len(told._wrong) == FIRST // 2 + AGAIN // 2
    assert set(answers) == {401, 429}


async def test_a_charger_comes_in_from_where_it_came_whatever_others_do(
    central: CentralSystem,
    station: ChargingStation,
    come_from: Callable[[str], None],
) -> None:
    come_from("charger")
    assert await answered(central, RIGHT) == 101
    for number in range(100):
        come_from(f"attacker {number}")
        for _ in range(3):
            await guess(central, number)
    come_from("charger")
    for _ in range(FIRST + AGAIN):
        assert await answered(central, RIGHT) == 101


async def test_where_nobody_showed_the_password_is_no_address_of_the_charger(
    central: CentralSystem,
    looks: Counter[str],
    come_from: Callable[[str], None],
) -> None:
    """Neither from before there was one, nor from before there was another."""
    station = await central.add_station(IDENTITY, StationSettings())
    come_from("anybody")
    assert await answered(central) == 101
    assert await answered(central, RIGHT) == 101
    kept = passwords.hash_of(PASSWORD.encode())
    station.apply_settings(StationSettings(password_hash=kept))
    assert not station.passwords.came_from("anybody")
    come_from("charger")
    assert await answered(central, RIGHT) == 101
    assert station.passwords.came_from("charger")
    kept = passwords.hash_of(b"another password")
    station.apply_settings(StationSettings(password_hash=kept))
    assert not station.passwords.came_from("charger")


async def test_a_charger_that_repeats_a_wrong_password_costs_nothing(
    central: CentralSystem, station: ChargingStation, looks: Counter[str]
) -> None:
    """It is told each time that it is wrong, until its address failed too often."""
    looks.clear()
    failures = Limits().failures
    answers = [await guess(central, "one") for _ in range(failures + 5)]
    assert answers == [401] * failures + [429] * 5
    assert looks == {"compared": 1, "hashed": 1}
    # Whoever waits for the question is asked all the same, and people hear no more of it.
    news: list[Attempt | None] = []
    station.passwords.on_attempt = news.append
    assert await answered(central) == 401
    assert news == []
    assert await answered(central, RIGHT) == 429
    assert await answered(central, RIGHT) == 101


async def test_people_hear_of_the_last_of_many_who_come_at_once(
    station: ChargingStation, looks: Counter[str]
) -> None:
    """So that however many come, one password at a time is hashed."""
    looks.clear()
    news: asyncio.Queue[Attempt | None] = asyncio.Queue()
    station.passwords.on_attempt = news.put_nowait
    for number in range(20):
        station.passwords.on_refused(b"guess number %d" % number, f"at {number}")
    told = await asyncio.wait_for(news.get(), PATIENCE)
    assert told is not None
    assert told.address == "at 19"
    assert looks == {"hashed": 1}
    assert news.empty()


async def test_who_finds_too_many_waiting_is_looked_at_the_next_time(
    central: CentralSystem, station: ChargingStation
) -> None:
    """Also where its address failed too often meanwhile."""
    with pytest.MonkeyPatch.context() as busy:
        busy.setattr(passwords, "_MOST_WAITING", 0)
        assert await knock(central, IDENTITY, PASSWORD) == 429
    for number in range(60):
        await guess(central, number)
    assert central.refused[Refusal.TOO_OFTEN] > 1
    assert await knock(central, IDENTITY, PASSWORD) == 101


async def test_nobody_is_kept_out_where_no_password_is_needed(
    central: CentralSystem, looks: Counter[str]
) -> None:
    """Although there is one that the charger was told and has not shown yet."""
    open_to_all = await central.add_station(IDENTITY, StationSettings())
    open_to_all.passwords.coming = Secret(passwords.hash_of(PASSWORD.encode()))
    looks.clear()
    answers = {await guess(central, number) for number in range(FIRST + AGAIN)}
    assert answers == {101}
    assert looks["compared"] == FIRST // 2
    assert not open_to_all.passwords.is_set
    assert await answered(central, RIGHT) == 101
    assert await answered(central, RIGHT) == 101
    assert open_to_all.passwords.is_set
    assert await answered(central) == 401
