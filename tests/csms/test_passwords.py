"""Passwords: how stations show them, what is kept, and who is let in."""

import asyncio
from base64 import b64encode

import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.csms import passwords
from custom_components.ocpp.csms.admission import Refusal
from custom_components.ocpp.csms.blocks.passwords import Attempt, InvalidPassword
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected, CommandTimedOut
from custom_components.ocpp.csms.model import (
    Options,
    RegistrationStatus,
    StationSettings,
)
from custom_components.ocpp.csms.passwords import Hashing, Secret, TooBusy
from tests.csms.conftest import IDENTITY, PATIENCE, MakeCharger, MakeTwo, prepared
from tests.simulator import Charger
from tests.simulator.link import Silence

PASSWORD = "correct horse battery"
OTHER = "a wrong password"


def basic(name: str | bytes, password: str | bytes) -> dict[str, str]:
    """Return the header of HTTP Basic authentication."""
    raw = b":".join(
        it if isinstance(it, bytes) else it.encode() for it in (name, password)
    )
    return {"Authorization": f"Basic {b64encode(raw).decode()}"}


async def answered(
    central: CentralSystem, headers: dict[str, str] | None = None
) -> int:
    """Return with which status a station is answered that knocks; 101 lets it in."""
    charger = Charger(f"ws://127.0.0.1:{central.port}", IDENTITY, headers=headers)
    try:
        async with charger:
            return 101
    except InvalidStatus as refused:
        response = refused.response
        challenge = response.headers.get("WWW-Authenticate", "")
        assert challenge.startswith("Basic realm=") is (response.status_code == 401)
        return response.status_code


async def hashed(station: ChargingStation) -> str:
    """Wait until what is kept of the password is known, and return it."""
    async with asyncio.timeout(PATIENCE):
        while not station.passwords.current.hash:
            await asyncio.sleep(0.01)
    return station.passwords.current.hash


def news_of(station: ChargingStation) -> asyncio.Queue[Attempt]:
    """Return where those are found who were turned away."""
    news: asyncio.Queue[Attempt] = asyncio.Queue()
    station.passwords.on_attempt = lambda it: news.put_nowait(it) if it else None
    return news


@pytest.fixture
async def locked(central: CentralSystem) -> ChargingStation:
    """Return a station that has to show a password."""
    kept = passwords.hash_of(PASSWORD.encode())
    return await central.add_station(IDENTITY, StationSettings(password_hash=kept))


# --- what a password is -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identity", "raw", "password"),
    [
        ("CP1", b"CP1:secret", b"secret"),
        ("CP1", b"cp1:secret", b"secret"),
        ("CP1", b"CP1:with:colons:", b"with:colons:"),
        ("CP1", b"CP1:\xff\x00\xfe", b"\xff\x00\xfe"),
        ("A:B", b"A:B:secret", b"secret"),
        ("Säule", "säule:secret".encode(), b"secret"),
        ("CP1", b"CP1:", b""),
        ("CP1", b"CP2:secret", None),
        ("CP1", b"CP11:secret", None),
        ("CP1", b"CP1", None),
        ("CP1", b"\xff\xff\xff:secret", None),
    ],
)
def test_the_password_is_what_follows_the_identity(
    identity: str, raw: bytes, password: bytes | None
) -> None:
    header = f"Basic {b64encode(raw).decode()}"
    assert passwords.shown([header], identity) == password
    assert passwords.shown([header.replace("Basic", "bAsIc ")], identity) == password


@pytest.mark.parametrize(
    "headers",
    [[], ["Basic"], ["Basic %%%"], ["Bearer Q1AxOng="], ["Basic Q1AxOng="] * 2],
)
def test_whatever_else_is_sent_is_no_password(headers: list[str]) -> None:
    assert passwords.shown(headers, "CP1") is None


def test_a_password_is_kept_as_a_salted_hash() -> None:
    one, other = (passwords.hash_of(PASSWORD.encode()) for _ in range(2))
    assert one != other
    assert PASSWORD not in one
    assert passwords.matches(one, PASSWORD.encode())
    assert not passwords.matches(one, OTHER.encode())


@pytest.mark.parametrize(
    "kept", ["", "nonsense", "scrypt$14$%$%", "scrypt$99$AA==$AA=="]
)
def test_nothing_matches_a_hash_that_is_none(kept: str) -> None:
    assert not passwords.matches(kept, PASSWORD.encode())


def test_an_empty_password_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither kept, nor the one of anything that was kept."""
    with pytest.raises(ValueError, match="empty"):
        passwords.hash_of(b"")
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "canonical", lambda _: b"")
        kept = passwords.hash_of(PASSWORD.encode())
    assert not passwords.matches(kept, b"")


def test_a_key_and_its_hexadecimal_digits_are_one_password() -> None:
    key = bytes(range(200, 220))
    kept = passwords.hash_of(key.hex().encode())
    for shown in (key, key.hex().encode(), key.hex().upper().encode()):
        assert passwords.matches(kept, shown)
    digits = b"12345678"
    assert passwords.matches(passwords.hash_of(digits), digits.hex().encode())
    assert not passwords.matches(kept, key[:-1])


def test_random_passwords_are_long_and_differ() -> None:
    made = {passwords.generate(length) for length in (20, 40, 64) for _ in range(20)}
    assert len(made) == 60
    for password in made:
        assert passwords.fits(password, len(password))


@pytest.mark.parametrize(
    "password", ["x" * 15, "x" * 41, "with blanks in it", "ümläutümläutümläut"]
)
def test_some_texts_are_no_passwords(password: str) -> None:
    assert not passwords.fits(password, 40)


async def test_a_station_that_comes_again_costs_no_hashing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret, hashing = Secret(passwords.hash_of(PASSWORD.encode())), Hashing()
    assert not await secret.is_(OTHER.encode(), hashing)
    compared = 0

    def matches(kept: str, password: bytes) -> bool:
        nonlocal compared
        compared += 1
        return True

    monkeypatch.setattr(passwords, "matches", matches)
    # Nor does the same wrong one.
    assert not await secret.is_(OTHER.encode(), hashing)
    assert compared == 0
    for _ in range(3):
        assert await secret.is_(PASSWORD.encode(), hashing)
    assert compared == 1
    assert not await secret.is_(b"another", hashing)
    assert compared == 1


async def test_no_more_passwords_wait_than_can_be_compared_in_time() -> None:
    kept, hashing = passwords.hash_of(PASSWORD.encode()), Hashing()
    verdicts = await asyncio.gather(
        *(hashing.matches(kept, f"{OTHER} {n}".encode()) for n in range(55)),
        return_exceptions=True,
    )
    assert sum(isinstance(it, TooBusy) for it in verdicts) == 5
    assert [it for it in verdicts if not isinstance(it, TooBusy)] == [False] * 50


# --- who comes in -------------------------------------------------------------------------


async def test_the_right_password_opens_the_door(
    locked: ChargingStation, central: CentralSystem
) -> None:
    for name in (IDENTITY, IDENTITY.lower()):
        assert await answered(central, basic(name, PASSWORD)) == 101
    assert not central.refused


async def test_nothing_else_does(
    locked: ChargingStation, central: CentralSystem, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted, and told once; the password is in no log."""
    for headers in (
        basic(IDENTITY, OTHER),
        basic(IDENTITY, PASSWORD[:-1]),
        basic(IDENTITY, ""),
    ):
        assert await answered(central, headers) == 401
    for other in (None, basic("CP2", PASSWORD), {"Authorization": "Bearer x"}):
        assert await answered(central, other) == 401
    assert central.refused == {Refusal.WRONG_PASSWORD: 3, Refusal.NO_PASSWORD: 3}
    assert not locked.connected
    assert caplog.text.count("its password is wrong") == 1
    assert caplog.text.count("it shows no password") == 1
    ours = "".join(
        record.getMessage() for record in caplog.records if "ocpp" in record.name
    )
    for secret in (PASSWORD, OTHER):
        assert secret not in ours
        assert basic(IDENTITY, secret)["Authorization"] not in ours


async def test_a_station_without_a_password_is_asked_for_none(
    station: ChargingStation, central: CentralSystem
) -> None:
    assert await answered(central) == 101
    assert await answered(central, basic(IDENTITY, OTHER)) == 101
    assert station.passwords.attempt is None


async def test_a_wrong_password_does_not_disturb_the_station_that_is_connected(
    locked: ChargingStation, central: CentralSystem
) -> None:
    async with Charger(
        f"ws://127.0.0.1:{central.port}", IDENTITY, password=PASSWORD
    ) as charger:
        await charger.boot()
        news = news_of(locked)
        assert await answered(central, basic(IDENTITY, OTHER)) == 401
        assert locked.connected
        await charger.heartbeat()
        assert (await asyncio.wait_for(news.get(), PATIENCE)).connected


async def test_unknown_stations_can_be_turned_away(
    central: CentralSystem, options: Options
) -> None:
    central.apply_options(Options(unknown_chargers="refuse"))
    assert await answered(central) == 404
    assert central.refused == {Refusal.UNKNOWN: 1}
    assert not central.visitors
    await central.add_station(IDENTITY, StationSettings())
    assert await answered(central) == 101


async def test_those_that_wait_leave_when_nobody_is_to_wait(
    central: CentralSystem,
) -> None:
    async with Charger(f"ws://127.0.0.1:{central.port}", IDENTITY) as charger:
        await charger.boot()
        central.apply_options(Options(unknown_chargers="refuse"))
        await charger.wait_closed()


@pytest.mark.parametrize(
    "settings",
    [
        StationSettings(password_hash=passwords.hash_of(PASSWORD.encode())),
        StationSettings(security_profile=2),
    ],
)
async def test_who_waits_has_to_show_what_is_required_once_it_is_added(
    central: CentralSystem, settings: StationSettings
) -> None:
    """What it came in with was not looked at."""
    async with Charger(f"ws://127.0.0.1:{central.port}", IDENTITY) as charger:
        await charger.boot()
        await central.add_station(IDENTITY, settings)
        await charger.wait_closed()
    assert await answered(central) in (401, 403)


# --- what people decide -------------------------------------------------------------------


async def test_people_can_accept_a_new_password(
    locked: ChargingStation, central: CentralSystem
) -> None:
    kept: list[str] = []
    locked.passwords.on_changed = kept.append
    news = news_of(locked)
    assert await answered(central, basic(IDENTITY, OTHER)) == 401
    attempt = await asyncio.wait_for(news.get(), PATIENCE)
    assert attempt.address == "127.0.0.1"
    assert OTHER not in repr(attempt)
    locked.passwords.accept(attempt)
    assert kept == [attempt.hash]
    assert passwords.matches(attempt.hash, OTHER.encode())
    assert await answered(central, basic(IDENTITY, OTHER)) == 101
    assert await answered(central, basic(IDENTITY, PASSWORD)) == 401


async def test_people_can_do_without_a_password_again(
    locked: ChargingStation, central: CentralSystem
) -> None:
    kept: list[str] = []
    locked.passwords.on_changed = kept.append
    assert await answered(central) == 401
    assert locked.passwords.attempt is not None
    locked.passwords.accept(locked.passwords.attempt)
    assert kept == [""]
    assert await answered(central) == 101


async def test_people_can_block_whoever_it_is(
    locked: ChargingStation, central: CentralSystem
) -> None:
    """They are told no more, until there is another password."""
    assert await answered(central) == 401
    locked.passwords.block_attempts()
    news: list[Attempt | None] = []
    locked.passwords.on_attempt = news.append
    assert await answered(central, {"Authorization": "Bearer x"}) == 401
    assert news == []
    assert locked.passwords.attempt is None
    kept = passwords.hash_of(OTHER.encode())
    locked.apply_settings(StationSettings(password_hash=kept))
    assert await answered(central, basic(IDENTITY, OTHER)) == 101
    assert not locked.passwords.ignores_attempts


async def test_a_station_that_gets_in_at_last_was_the_one(
    locked: ChargingStation, central: CentralSystem
) -> None:
    assert await answered(central) == 401
    assert locked.passwords.attempt is not None
    assert await answered(central, basic(IDENTITY, PASSWORD)) == 101
    assert locked.passwords.attempt is None


# --- another password (A01) ---------------------------------------------------------------


async def test_a_charge_point_gets_a_password_as_hexadecimal_digits(
    charger: Charger, station: ChargingStation, central: CentralSystem
) -> None:
    sent: list[dict[str, str]] = []

    def take(payload: dict[str, str]) -> dict[str, str]:
        sent.append(payload)
        return {"status": "Accepted"}

    charger.answers["ChangeConfiguration"] = take
    new = await station.passwords.update()
    digits = new.password.encode().hex().upper()
    assert sent == [{"key": "AuthorizationKey", "value": digits}]
    assert len(new.password) == 20
    assert new.status == "Accepted"
    await charger.disconnect()
    # It may have to be told its security profile before it shows any.
    assert await answered(central) == 101
    for shown in (new.password, new.password.encode().hex()):
        assert await answered(central, basic(IDENTITY, shown)) == 101
    assert await answered(central) == 401


async def test_the_old_password_is_dead_once_the_new_one_is_accepted(
    locked: ChargingStation, central: CentralSystem
) -> None:
    """Whoever sent it (A01.FR.03)."""
    kept: list[str] = []
    locked.passwords.on_changed = kept.append
    async with Charger(
        f"ws://127.0.0.1:{central.port}", IDENTITY, password=PASSWORD
    ) as charger:
        await charger.boot()
        charger.answers["ChangeConfiguration"] = {"status": "Accepted"}
        key = "00ff10203040506070809000a0b0c0d0"
        await locked.call(
            "ChangeConfiguration", {"key": "AuthorizationKey", "value": key}
        )
        # At once, while what is kept of it is still being made.
        assert await answered(central, basic(IDENTITY, PASSWORD)) == 401
        assert kept == [await hashed(locked)]
    assert await answered(central, basic(IDENTITY, bytes.fromhex(key))) == 101


@pytest.mark.parametrize("status", ["Rejected", "NotSupported"])
async def test_the_old_password_goes_on_where_the_new_one_is_refused(
    locked: ChargingStation, central: CentralSystem, status: str
) -> None:
    """A01.FR.04."""
    async with Charger(
        f"ws://127.0.0.1:{central.port}", IDENTITY, password=PASSWORD
    ) as charger:
        await charger.boot()
        charger.answers["ChangeConfiguration"] = {"status": status}
        with pytest.raises(CommandRejected):
            await locked.passwords.update(OTHER.replace(" ", "-"))
    assert await answered(central, basic(IDENTITY, OTHER.replace(" ", "-"))) == 401
    assert await answered(central, basic(IDENTITY, PASSWORD)) == 101


async def test_an_empty_key_is_no_new_password(
    locked: ChargingStation, central: CentralSystem
) -> None:
    """What it means to the station nobody knows; here nothing changes."""
    async with Charger(
        f"ws://127.0.0.1:{central.port}", IDENTITY, password=PASSWORD
    ) as charger:
        await charger.boot()
        charger.answers["ChangeConfiguration"] = {"status": "Accepted"}
        await locked.call(
            "ChangeConfiguration", {"key": "AuthorizationKey", "value": ""}
        )
    for shown in (None, basic(IDENTITY, "")):
        assert await answered(central, shown) == 401
    assert await answered(central, basic(IDENTITY, PASSWORD)) == 101


@pytest.mark.parametrize("lost", [False, True])
async def test_both_hold_until_the_new_one_is_used(
    locked: ChargingStation, central: CentralSystem, lost: bool
) -> None:
    """Where the station has to restart first, or where its answer is lost."""
    new = OTHER.replace(" ", "-")
    async with Charger(
        f"ws://127.0.0.1:{central.port}", IDENTITY, password=PASSWORD
    ) as charger:
        await charger.boot()
        charger.answers["ChangeConfiguration"] = (
            Silence if lost else {"status": "RebootRequired"}
        )
        if lost:
            with pytest.raises(CommandTimedOut):
                await locked.passwords.update(new)
        else:
            assert (await locked.passwords.update(new)).status == "RebootRequired"
    assert await answered(central, basic(IDENTITY, PASSWORD)) == 101
    # Also over a restart of the central system.
    async with asyncio.timeout(PATIENCE):
        while not (kept := locked.passwords.facts()):
            await asyncio.sleep(0.01)
    again = ChargingStation(
        IDENTITY, settings=locked.settings, shared=central.shared
    ).passwords
    again.recall(kept)
    assert await again.admits(PASSWORD.encode())
    assert await again.admits(new.encode())
    assert not await again.admits(PASSWORD.encode())
    assert await answered(central, basic(IDENTITY, new)) == 101
    assert await answered(central, basic(IDENTITY, PASSWORD)) == 401
    assert locked.passwords.facts() == {}


@pytest.mark.parametrize("password", ["short", "x" * 21, "x" * 17 + " y"])
async def test_a_password_that_ocpp_does_not_have_is_not_sent(
    charger: Charger, station: ChargingStation, password: str
) -> None:
    with pytest.raises(InvalidPassword):
        await station.passwords.update(password)
    assert not station.passwords.is_set


async def test_a_station_of_2_x_gets_a_password(
    station: ChargingStation, central: CentralSystem, connect_station: MakeTwo
) -> None:
    two = await connect_station()
    await two.power_up()
    await prepared(station)
    new = await station.passwords.update()
    assert len(new.password) == 40
    assert two.variables["SecurityCtrlr.BasicAuthPassword"].value == new.password
    await two.disconnect()
    assert await answered(central) == 101
    assert await answered(central, basic(IDENTITY, new.password)) == 101
    assert await answered(central) == 401
    assert new.password not in await hashed(station)


@pytest.mark.parametrize("as_variable", [True, False])
async def test_the_password_of_another_connection_counts_once_it_is_used(
    locked: ChargingStation,
    central: CentralSystem,
    connect_station: MakeTwo,
    as_variable: bool,
) -> None:
    """OCPP 2.1: a station may be told of a connection that it moves to one day."""
    two = await connect_station(version="ocpp2.1", password=PASSWORD)
    await two.power_up()
    await prepared(locked)
    new = OTHER.replace(" ", "-")
    if as_variable:
        place = {
            "component": {"name": "NetworkConfiguration", "instance": "1"},
            "variable": {"name": "BasicAuthPassword"},
        }
        two.answers["SetVariables"] = {
            "setVariableResult": [{"attributeStatus": "Accepted", **place}]
        }
        item = {"attributeValue": new, **place}
        await locked.call("SetVariables", {"setVariableData": [item]})
    else:
        two.answers["SetNetworkProfile"] = {"status": "Accepted"}
        connection = {
            "ocppInterface": "Wired0",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "ws://192.0.2.1/",
            "messageTimeout": 30,
            "securityProfile": 1,
            "basicAuthPassword": new,
        }
        await locked.call(
            "SetNetworkProfile", {"configurationSlot": 1, "connectionData": connection}
        )
    await two.disconnect()
    assert await answered(central, basic(IDENTITY, PASSWORD)) == 101
    assert await answered(central, basic(IDENTITY, new)) == 101
    assert await answered(central, basic(IDENTITY, PASSWORD)) == 401


# --- stations that are new here -----------------------------------------------------------


@pytest.mark.parametrize("shows", [PASSWORD, None])
async def test_a_new_station_that_shows_a_password_is_given_its_own(
    central: CentralSystem, connect_charger: MakeCharger, shows: str | None
) -> None:
    """One that shows none may have no way back should its own get lost."""
    charger = await connect_charger(password=shows)
    charger.answers["ChangeConfiguration"] = {"status": "Accepted"}
    await charger.boot()
    station = await central.add_station(IDENTITY, StationSettings())
    assert station.settings.registration is RegistrationStatus.ACCEPTED
    if shows is None:
        await charger.wait_for_call("TriggerMessage")
        await prepared(station)
        assert not station.passwords.is_set
        return
    await hashed(station)
    await charger.disconnect()
    assert await answered(central, basic(IDENTITY, PASSWORD)) == 401
