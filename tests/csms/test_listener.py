"""The ports, over real sockets: who may knock how at which, and how that ends."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
import errno
import gc
from importlib import import_module
from importlib.util import find_spec
import logging
from pathlib import Path
import shutil
import socket
import ssl
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
import pytest
from websockets.exceptions import InvalidHandshake, InvalidStatus

from custom_components.ocpp.csms import listener
from custom_components.ocpp.csms.admission import Refusal
from custom_components.ocpp.csms.blocks.security_profile import Entrance
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.errors import PortUnavailable
from custom_components.ocpp.csms.model import Options, StationSettings
from custom_components.ocpp.csms.rates import Limits
from custom_components.ocpp.csms.store import Store
from tests.csms.conftest import IDENTITY, PATIENCE, Listen, prepared
from tests.csms.papers import Elsewhere, client_context, new_key
from tests.csms.test_attacks import undisturbed
from tests.simulator import Charger
from tests.simulator.secure import SecureCharger

OPENSSL = shutil.which("openssl")
REQUEST = (
    b"GET /CP1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)
# The beginning of what a station says first in TLS: a record of 512 bytes is announced.
HALF_A_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.fixture
async def central(listen: Listen) -> CentralSystem:
    """Return a central system with both ports and a charger of people."""
    central = await listen()
    await central.add_station(IDENTITY, StationSettings())
    return central


@pytest.fixture
def ipv6_enabled() -> None:
    """Allow sockets to this machine by IPv6 too, where it has that."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    if find_spec("pytest_socket") is not None:
        import_module("pytest_socket").socket_allow_hosts(["127.0.0.1", "::1"])


@pytest.fixture
def trusting(central: CentralSystem, tmp_path: Path) -> ssl.SSLContext:
    """Return how a charger connects that has the root."""
    return context_of(central, tmp_path)


def context_of(central: CentralSystem, tmp_path: Path, *shown: Any) -> ssl.SSLContext:
    """Return how a charger connects that has the root, with a certificate or without."""
    assert central.tls is not None
    return client_context(central.tls.authority.root_file, tmp_path, *shown)


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


def charger_at(
    port: int | None, context: ssl.SSLContext | None = None, host: str = "localhost"
) -> Charger:
    """Return a charger that connects to a port, encrypted with a context."""
    kind = "ws" if context is None else "wss"
    return Charger(f"{kind}://{host}:{port}", IDENTITY, tls=context)


async def boots(charger: Charger) -> None:
    """Have a charger come and be accepted."""
    async with charger:
        assert (await charger.boot())["status"] == "Accepted"


async def eventually(condition: Callable[[], object]) -> None:
    """Wait for what the other end of a socket does in its own time."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def answer_to(port: int | None, said: bytes, host: str = "127.0.0.1") -> bytes:
    """Return all that is answered until the other end hangs up, however it does."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(said)
    answer = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while part := await reader.read(4096):
                answer += part
    except ConnectionResetError:
        pass
    finally:
        writer.close()
    return answer


class TestBothKinds:
    """The first byte says whether a charger comes encrypted."""

    async def test_the_port_that_was_always_there_serves_both(
        self, central: CentralSystem, trusting: ssl.SSLContext
    ) -> None:
        station = central.stations[IDENTITY.casefold()]
        for context in (None, trusting, None):
            async with charger_at(central.port, context) as charger:
                assert (await charger.boot())["status"] == "Accepted"
                assert station.security.arrival is not None
                assert station.security.arrival.encrypted is (context is not None)
        assert not central.refused

    async def test_the_encrypted_port_is_for_nothing_else(
        self,
        central: CentralSystem,
        trusting: ssl.SSLContext,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        await boots(charger_at(central.tls_port, trusting))
        for times in (1, 2):
            assert await answer_to(central.tls_port, REQUEST) == b""
            assert central.refused == {Refusal.NOT_ENCRYPTED: times}
        said = "A charger at 127.0.0.1 was turned away: its connection is not encrypted"
        assert caplog.text.count(said) == 1
        assert central.door.rates.connections == 0

    async def test_without_the_open_door_the_port_that_was_always_there_is_encrypted(
        self, listen: Listen, tmp_path: Path
    ) -> None:
        """Chargers that changed no more than the beginning of their address stay."""
        port = free_port()
        central = await listen(port=port, plain=False)
        await central.add_station(IDENTITY, StationSettings())
        assert central.port == port != central.tls_port
        context = context_of(central, tmp_path)
        for either in (port, central.tls_port):
            assert await answer_to(either, REQUEST) == b""
            await boots(charger_at(either, context))
        assert central.refused == {Refusal.NOT_ENCRYPTED: 2}

    async def test_without_the_open_door_that_port_may_be_somebody_elses(
        self, listen: Listen, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            central = await listen(port=port, plain=False)
            assert f"Port {port} could not be had" in caplog.text
            with pytest.raises(PortUnavailable):
                await listen(port=port)
        await central.add_station(IDENTITY, StationSettings())
        await boots(charger_at(central.tls_port, context_of(central, tmp_path)))

    async def test_without_encryption_tls_is_no_request(
        self, store: Store, options: Options
    ) -> None:
        central = CentralSystem(host="127.0.0.1", port=0, store=store, options=options)
        await central.open()
        await central.add_station(IDENTITY, StationSettings())
        await central.listen()
        try:
            assert b" 101 " not in await answer_to(
                central.port, HALF_A_HELLO + b"\r\n\r\n"
            )
            await boots(charger_at(central.port))
            assert not central.refused
        finally:
            await central.close()

    async def test_what_a_charger_has_to_show_does_not_depend_on_the_port(
        self, central: CentralSystem, trusting: ssl.SSLContext
    ) -> None:
        await central.add_station(IDENTITY, StationSettings(security_profile=2))
        station = central.stations[IDENTITY.casefold()]
        station.apply_settings(StationSettings(security_profile=2))
        with pytest.raises(InvalidStatus):
            await charger_at(central.port).connect()
        assert central.refused == {Refusal.NOT_ENCRYPTED: 1}
        await boots(charger_at(central.port, trusting))

    @pytest.mark.parametrize(
        ("host", "ways"),
        [
            ("0.0.0.0", ["127.0.0.1"]),
            ("::", ["[::1]"]),
            ("", ["127.0.0.1", "[::1]"]),
        ],
    )
    async def test_over_ipv4_and_ipv6(
        self,
        listen: Listen,
        tmp_path: Path,
        host: str,
        ways: list[str],
        ipv6_enabled: None,
    ) -> None:
        central = await listen(host, free_port())
        await central.add_station(IDENTITY, StationSettings())
        context = context_of(central, tmp_path)
        for way in ways:
            await boots(charger_at(central.port, host=way))
            await boots(charger_at(central.port, context, way))


class TestMovingUp:
    """A charger of 1.6 is not told an address: it goes on with its own, encrypted."""

    @pytest.mark.parametrize(("first", "profile"), [(0, 2), (1, 2), (0, 3), (1, 3)])
    async def test_one_that_keeps_host_and_port_is_moved(
        self, central: CentralSystem, first: int, profile: int
    ) -> None:
        station = central.stations[IDENTITY.casefold()]
        assert central.tls is not None
        root = central.tls.authority.root
        entrance = Entrance(
            url=f"wss://localhost:{central.tls_port}",
            is_open=True,
            root=root.public_bytes(Encoding.PEM).decode(),
            root_serial=f"{root.serial_number:x}",
        )
        address = f"//localhost:{central.port}"
        async with SecureCharger(
            f"ws:{address}", IDENTITY, secure_url=f"wss:{address}"
        ) as charger:
            await charger.power_up()
            await prepared(station)
            await charger.settle()
            moves = station.security_profile
            if first:
                await moves.change(1, Entrance(url=f"ws:{address}", is_open=True))
            await moves.change(profile, entrance)
            assert charger.url == f"wss:{address}/{IDENTITY}"
            assert charger.trust.profile == profile
            assert station.settings.security_profile == profile
            assert station.security.arrival is not None
            assert station.security.arrival.encrypted
            await charger.settle()
            assert charger.violations == []
        with pytest.raises(InvalidStatus):
            await charger_at(central.port).connect()


class TestFailing:
    """Who does not come as far as a request is counted, and told of once."""

    def warned(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        """Return what people are told."""
        return [
            record.getMessage()
            for record in caplog.records
            if record.levelno >= logging.WARNING
        ]

    @pytest.mark.parametrize("version", VERSIONS)
    async def test_a_certificate_that_nobody_trusts(
        self,
        central: CentralSystem,
        tmp_path: Path,
        version: ssl.TLSVersion,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """In TLS 1.3 the charger takes the handshake for done by then."""
        key = new_key()
        context = context_of(central, tmp_path, Elsewhere().issue(key), key)
        context.minimum_version = context.maximum_version = version
        rates = central.door.rates
        rates.limits = Limits(failures=2)
        for times, port in enumerate((central.port, central.tls_port), 1):
            assert not rates.too_often("127.0.0.1")
            with pytest.raises((OSError, InvalidHandshake)):
                await charger_at(port, context, "127.0.0.1").connect()
            why = Refusal.UNTRUSTED_CERTIFICATE
            await eventually(lambda: central.refused == {why: times})  # noqa: B023
        assert rates.too_often("127.0.0.1")
        assert self.warned(caplog) == [
            "A charger at 127.0.0.1 was turned away: nobody here trusts its certificate"
        ]
        await eventually(lambda: rates.connections == 0)

    @pytest.mark.parametrize("version", VERSIONS)
    async def test_a_charger_that_does_not_trust_ours(
        self,
        central: CentralSystem,
        version: ssl.TLSVersion,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """It hangs up itself, and says why."""
        context = ssl.create_default_context()
        context.minimum_version = context.maximum_version = version

        def knock() -> None:
            with (
                socket.create_connection(("127.0.0.1", central.port)) as raw,
                context.wrap_socket(raw, server_hostname="localhost"),
            ):
                pass

        for times in (1, 2):
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.to_thread(knock)
            why = Refusal.ROOT_UNKNOWN
            await eventually(lambda: central.refused == {why: times})  # noqa: B023
        assert self.warned(caplog) == [f"A charger at 127.0.0.1 was turned away: {why}"]
        assert not central.door.rates.too_often("127.0.0.1")

    async def test_what_any_port_scanner_does_is_worth_a_debug_line(
        self, central: CentralSystem, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, "custom_components.ocpp")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(OSError):
            await asyncio.open_connection(
                "127.0.0.1", central.port, ssl=old, server_hostname="localhost"
            )
        await eventually(lambda: central.refused)
        for said in (HALF_A_HELLO + bytes(600), b"\x00\x01", b"\x80\x2e", b"\r\n"):
            assert b"HTTP" not in await answer_to(central.tls_port, said)
        await eventually(lambda: central.refused == {Refusal.FAILED_HANDSHAKE: 5})
        told = f"A charger at 127.0.0.1 was turned away: {Refusal.FAILED_HANDSHAKE}"
        assert caplog.text.count(told) == 1
        assert self.warned(caplog) == []
        assert not central.door.rates.too_often("127.0.0.1")

    async def test_only_so_many_addresses_are_told_of(
        self, central: CentralSystem, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Those of one kind do not keep those of another out of the log."""
        for number in range(150):
            address = f"192.0.2.{number}"
            central.door.turn_away(address, Refusal.FAILED_HANDSHAKE)
            central.door.turn_away(address, Refusal.UNTRUSTED_CERTIFICATE)
        assert len(self.warned(caplog)) == 100
        assert central.refused == {
            Refusal.FAILED_HANDSHAKE: 150,
            Refusal.UNTRUSTED_CERTIFICATE: 150,
        }

    @pytest.mark.parametrize("said", [b"\x00\x00\x00\x00", b"\xff\xfe\r\n\r\n"])
    async def test_nonsense_leads_nowhere_at_the_open_port(
        self, central: CentralSystem, said: bytes
    ) -> None:
        answer = await answer_to(central.port, said + bytes(10_000))
        assert b" 101 " not in answer
        await boots(charger_at(central.port))

    async def test_looking_whether_somebody_listens_is_no_failure(
        self, central: CentralSystem
    ) -> None:
        for port in (central.port, central.tls_port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            await eventually(lambda: central.door.rates.connections == 1)
            writer.close()
            await eventually(lambda: central.door.rates.connections == 0)
        assert not central.refused

    async def test_where_nothing_more_can_be_open_a_connection_ends(
        self, central: CentralSystem, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:

            def none_left(_: socket.socket) -> socket.socket:
                raise OSError(errno.EMFILE, "Too many open files")

            patched.setattr(socket.socket, "dup", none_left)
            assert await answer_to(central.port, b"") == b""
        assert central.door.rates.connections == 0
        await boots(charger_at(central.port))


class TestSilence:
    """Every connection counts from the first moment on."""

    @pytest.mark.parametrize("said", [b"", HALF_A_HELLO])
    async def test_who_says_too_little_is_ended(
        self, listen: Listen, monkeypatch: pytest.MonkeyPatch, said: bytes
    ) -> None:
        monkeypatch.setattr(listener, "_OPEN_TIMEOUT", 0.1)
        central = await listen()
        rates = central.door.rates
        for port in (central.port, central.tls_port):
            knocking = asyncio.create_task(answer_to(port, said))
            await eventually(lambda: rates.connections == 1)
            assert await knocking == b""
            await eventually(lambda: rates.connections == 0)
        # Of those who said nothing nobody knows what they wanted.
        failed = {Refusal.FAILED_HANDSHAKE: 2} if said else {}
        await eventually(lambda: central.refused == failed)
        assert rates.dropped == 0

    async def test_a_charger_may_say_hello_as_slowly_as_it_can(
        self, central: CentralSystem, trusting: ssl.SSLContext
    ) -> None:
        """Byte by byte, each in a packet of its own."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = trusting.wrap_bio(incoming, outgoing, server_hostname="localhost")
        reader, writer = await asyncio.open_connection("127.0.0.1", central.port)
        answer = b""
        todo: list[Callable[[], object]] = [tls.do_handshake]
        todo += [lambda: tls.write(REQUEST), lambda: tls.read(4096)]
        async with asyncio.timeout(PATIENCE):
            while todo:
                try:
                    answer = todo[0]() or b""  # type: ignore[assignment]
                    todo.pop(0)
                    wanting = False
                except ssl.SSLWantReadError:
                    wanting = True
                for byte in outgoing.read():
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0)
                if wanting:
                    incoming.write(await reader.read(4096))
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert not central.refused
        writer.close()

    @pytest.mark.parametrize("said", [b"", HALF_A_HELLO, b"GET /CP1 HTTP/1.1\r\n"])
    @pytest.mark.parametrize("encrypted", [False, True])
    async def test_a_flood_keeps_nobody_out(
        self,
        central: CentralSystem,
        trusting: ssl.SSLContext,
        said: bytes,
        encrypted: bool,
    ) -> None:
        station = central.stations[IDENTITY.casefold()]
        rates = central.door.rates
        rates.limits = Limits(waiting_of_one=20)
        async with AsyncExitStack() as sockets:
            victim = charger_at(central.port, trusting if encrypted else None)
            await sockets.enter_async_context(victim)
            await victim.power_up()
            await prepared(station)
            await victim.settle()
            port = central.tls_port if encrypted else central.port
            turned_away = encrypted and said.startswith(b"GET")
            async with undisturbed(victim, station):
                for _ in range(200):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    sockets.callback(writer.close)
                    writer.write(said)
            assert rates.connections <= 22
            if turned_away:
                await eventually(lambda: central.refused.total() == 200)
            else:
                assert rates.dropped >= 170
            await boots(charger_at(central.port, trusting))

    async def test_who_is_refused_at_once_leaves_nothing_behind(
        self, central: CentralSystem
    ) -> None:
        rates = central.door.rates
        rates.limits = Limits(waiting_of_one=0)
        for port in (central.port, central.tls_port):
            assert await answer_to(port, b"") == b""
        await eventually(lambda: rates.connections == 0)
        assert rates.dropped == 2
        rates.limits = Limits(connections=0)
        assert await answer_to(central.port, b"") == b""
        assert (rates.connections, rates.dropped) == (0, 3)

    async def test_closing_waits_for_nobody_who_says_nothing(
        self, listen: Listen
    ) -> None:
        central = await listen()
        async with AsyncExitStack() as sockets:
            for port in (central.port, central.tls_port):
                for said in (b"", HALF_A_HELLO, b"GET /CP1 HTTP/1.1\r\n"):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    sockets.callback(writer.close)
                    writer.write(said)
            # The request at the encrypted port is turned away.
            await eventually(lambda: central.door.rates.connections == 5)
            async with asyncio.timeout(PATIENCE):
                await central.close()
            assert central.door.rates.connections == 0
            assert central.door.rates.dropped == 0
            assert not central.listening
            with pytest.raises(OSError):
                await asyncio.open_connection("127.0.0.1", central.port)

    # asyncio's own server stumbles over one that it accepts while it closes, when it is
    # collected.
    @pytest.mark.filterwarnings("ignore:.*_SelectorTransport.__del__")
    @pytest.mark.parametrize("ticks", range(5))
    async def test_who_comes_while_it_closes_does_not_hold_it_up(
        self, listen: Listen, ticks: int
    ) -> None:
        """However far it has come by then."""
        central = await listen()
        async with asyncio.timeout(PATIENCE):
            with (
                socket.create_connection(("127.0.0.1", central.port)),
                socket.create_connection(("127.0.0.1", central.tls_port)),
            ):
                for _ in range(ticks):
                    await asyncio.sleep(0)
                await central.close()
        assert central.door.rates.connections == 0
        assert not central.refused
        gc.collect()


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl to ask")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_openssl_finds_the_encrypted_way_in_at_the_open_port(
    central: CentralSystem, version: str
) -> None:
    assert OPENSSL is not None
    assert central.tls is not None
    process = await asyncio.create_subprocess_exec(
        OPENSSL,
        "s_client",
        *("-connect", f"127.0.0.1:{central.port}", "-servername", "localhost"),
        *("-verify_return_error", "-CAfile", str(central.tls.authority.root_file)),
        version,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        told, _ = await process.communicate()
    assert process.returncode == 0, told
    assert b"Verify return code: 0 (ok)" in told
    assert not central.refused
