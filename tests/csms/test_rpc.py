"""Prove the conversation over one socket, in all versions, without a network."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
import json
import logging
from typing import Any

import pytest

from custom_components.ocpp.csms.errors import (
    CommandFailed,
    CommandTimedOut,
    ErrorCode,
    InvalidRequest,
    MessageRefused,
    StationOffline,
)
from custom_components.ocpp.csms.frames import describe
from custom_components.ocpp.csms.rpc import Rpc
from custom_components.ocpp.csms.versions import V16, V21, V201, Version
from custom_components.ocpp.csms.wire import Take, Waiting

from .conftest import PATIENCE

VERSIONS = pytest.mark.parametrize("version", [V16, V201, V21], ids=lambda v: v.name)
V2 = pytest.mark.parametrize("version", [V201, V21], ids=lambda v: v.name)


class FakeSocket:
    """A socket whose other end is the test."""

    def __init__(self) -> None:
        """Begin open."""
        self.closed = False
        # Whether the other end takes what it is sent.
        self.room = asyncio.Event()
        self.room.set()
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()

    def send(self, message: bytes) -> Waiting | None:
        """Take a frame from the central system."""
        if self.closed:
            raise ConnectionResetError
        self._outbox.put_nowait(message)
        return None if self.room.is_set() else self._drained()

    async def _drained(self) -> None:
        await self.room.wait()

    async def deliver(self, take: Take) -> None:
        """Hand over what the station says."""
        while (frame := await self._inbox.get()) is not None:
            if (busy := take(frame)) is not None:
                await busy.wait()

    def say(self, frame: list[Any] | str | bytes) -> None:
        """Be the station and send a frame."""
        text = json.dumps(frame) if isinstance(frame, list) else frame
        self._inbox.put_nowait(text.encode() if isinstance(text, str) else text)

    async def hear(self) -> Any:
        """Be the station and receive a frame."""
        async with asyncio.timeout(PATIENCE):
            return json.loads(await self._outbox.get())

    async def hear_nothing_else(self) -> None:
        """Prove that nothing was sent: what is asked now is answered first."""
        self.say([2, "nothing else", "Echo", {}])
        assert await self.hear() == [3, "nothing else", {}]

    def hang_up(self) -> None:
        """Be the network and close the socket."""
        self.closed = True
        self._inbox.put_nowait(None)


class Talk:
    """A conversation and what the central system makes of it."""

    def __init__(self, version: Version, timeout: float) -> None:
        """Begin to listen."""
        self.socket = FakeSocket()
        self.notes: list[str] = []
        self.handled: list[tuple[str, Any]] = []
        # Each returns the answer, or something to wait for it.
        self.handlers: dict[str, Callable[[Any], Any]] = {}
        # What is done when something was answered.
        self.answered: Callable[[], None] = lambda: None
        self.rpc = Rpc(
            self.socket,
            version=version,
            handle=self._handle,
            answered=self._answered,
            note=self.notes.append,
            timeout=timeout,
        )
        self.running = asyncio.create_task(self.rpc.run())

    def _handle(self, action: str, payload: Any) -> Any:
        self.handled.append((action, payload))
        if action in self.handlers:
            return self.handlers[action](payload)
        return payload if isinstance(payload, dict) else {}

    def _answered(self) -> None:
        self.answered()

    def call(self, action: str = "Reset", **payload: Any) -> asyncio.Task[Any]:
        """Send a command without waiting for its answer."""
        return asyncio.create_task(self._call(action, payload))

    async def _call(self, action: str, payload: dict[str, Any]) -> Any:
        return (await self.rpc.call(action, payload)).payload


type How = Callable[[Callable[[Any], Any]], Callable[[Any], Any]]
type MakeTalk = Callable[..., Talk]


@pytest.fixture
async def make_talk() -> AsyncGenerator[MakeTalk]:
    """Return what begins a conversation; all are ended after the test."""
    talks: list[Talk] = []

    def make(version: Version, *, timeout: float = PATIENCE) -> Talk:
        talks.append(talk := Talk(version, timeout))
        return talk

    yield make
    for talk in talks:
        talk.socket.hang_up()
        async with asyncio.timeout(PATIENCE):
            await talk.running


@pytest.fixture
async def talk(make_talk: MakeTalk, request: pytest.FixtureRequest) -> Talk:
    """Return a conversation in the test's version, else in 1.6."""
    test = getattr(request.node, "callspec", None)
    return make_talk(test.params.get("version", V16) if test else V16)


def refused_with(code: ErrorCode, description: str = "") -> Callable[[Any], Any]:
    """Return a handler that refuses."""

    def refuse(payload: Any) -> Any:
        raise MessageRefused(code, description)

    return refuse


def waiting(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a handler that does the same after it waited for something."""

    async def wait(payload: Any) -> Any:
        await asyncio.sleep(0)
        return handler(payload)

    return wait


# How handlers come to their answer.
HANDLERS = pytest.mark.parametrize(
    "how", [lambda it: it, waiting], ids=["at once", "after waiting"]
)


# --- commands and their answers -----------------------------------------------------------


@VERSIONS
async def test_only_one_command_is_open_at_a_time(talk: Talk, version: Version) -> None:
    """The second is sent once the first is answered."""
    first, second = talk.call("Reset"), talk.call("ClearCache")
    kind, message_id, action, _ = await talk.socket.hear()
    assert (kind, action) == (2, "Reset")
    await talk.socket.hear_nothing_else()
    talk.socket.say([3, message_id, {"status": "Accepted"}])
    assert await first == {"status": "Accepted"}
    _, message_id, action, _ = await talk.socket.hear()
    assert action == "ClearCache"
    talk.socket.say([3, message_id, {"status": "Rejected"}])
    assert await second == {"status": "Rejected"}


@VERSIONS
async def test_the_stations_calls_are_answered_while_ours_is_open(
    talk: Talk, version: Version
) -> None:
    """The two directions do not wait for each other."""
    command = talk.call()
    _, message_id, _, _ = await talk.socket.hear()
    talk.socket.say([2, "7", "MeterValues", {"connectorId": 1}])
    assert await talk.socket.hear() == [3, "7", {"connectorId": 1}]
    talk.socket.say([3, message_id, {}])
    assert await command == {}


@VERSIONS
async def test_a_handler_may_send_a_command_and_await_its_answer(
    talk: Talk, version: Version
) -> None:
    """Also when the station sends another call before it answers."""

    async def ask_back(payload: Any) -> Any:
        return (await talk.rpc.call("GetConfiguration", {})).payload

    talk.handlers["Authorize"] = ask_back
    talk.socket.say([2, "a", "Authorize", {}])
    _, message_id, action, _ = await talk.socket.hear()
    assert action == "GetConfiguration"
    talk.socket.say([2, "b", "Heartbeat", {}])
    assert await talk.socket.hear() == [3, "b", {}]
    talk.socket.say([3, message_id, {"unknownKey": []}])
    assert await talk.socket.hear() == [3, "a", {"unknownKey": []}]


@VERSIONS
async def test_a_timeout_frees_the_slot_and_a_late_answer_is_dropped(
    make_talk: MakeTalk, version: Version
) -> None:
    """The late one is never taken for the answer to the next command."""
    talk = make_talk(version, timeout=0.02)
    with pytest.raises(CommandTimedOut) as caught:
        await talk.call("Reset")
    assert caught.value.action == "Reset"
    _, late, _, _ = await talk.socket.hear()
    command = asyncio.create_task(talk.rpc.call("ClearCache", {}, timeout=PATIENCE))
    _, message_id, _, _ = await talk.socket.hear()
    talk.socket.say([3, late, {"status": "Accepted"}])
    await talk.socket.hear_nothing_else()
    assert not command.done()
    assert talk.notes == ["frame: answer to no call"]
    talk.socket.say([3, message_id, {"status": "Rejected"}])
    assert (await command).payload == {"status": "Rejected"}


async def test_a_second_answer_to_the_same_command_changes_nothing(talk: Talk) -> None:
    """Neither a result behind a result nor an error behind one."""
    command = talk.call()
    _, message_id, _, _ = await talk.socket.hear()
    talk.socket.say([3, message_id, {"status": "Accepted"}])
    talk.socket.say([4, message_id, "GenericError", "", {}])
    talk.socket.say([3, message_id, {"status": "Rejected"}])
    assert await command == {"status": "Accepted"}


@pytest.mark.parametrize(
    ("answer", "payload"),
    [
        ([3], {}),
        ([3, None], {}),
        ([3, []], {}),
        ([3, "x"], {}),
        ([3, {"a": 1}, 2], {"a": 1}),
    ],
)
async def test_an_answer_of_odd_shape_is_an_answer(
    talk: Talk, answer: list[Any], payload: dict[str, Any]
) -> None:
    """Whatever is no object is taken for an empty one."""
    command = talk.call()
    _, message_id, _, _ = await talk.socket.hear()
    kind, *rest = answer
    talk.socket.say([kind, message_id, *rest])
    assert await command == payload


@VERSIONS
@pytest.mark.parametrize(
    ("rest", "code", "description"),
    [
        (["NotSupported", "no", {}], "NotSupported", "no"),
        (["NotSupported", "no"], "NotSupported", "no"),
        (["NotSupported"], "NotSupported", ""),
        ([], "GenericError", ""),
        ([None, None, None], "GenericError", ""),
        (["", "", ""], "GenericError", ""),
        (["ItIsTooHot", 7, []], "ItIsTooHot", "7"),
        ([["a"], {"b": 1}, 0], "['a']", "{'b': 1}"),
        (["OccurenceConstraintViolation", "x" * 900], None, "x" * 255),
        (["x" * 900], "x" * 50, ""),
    ],
)
async def test_any_error_of_the_station_ends_the_command(
    talk: Talk, version: Version, rest: list[Any], code: str | None, description: str
) -> None:
    """Three elements, null, unknown codes: each is seen on the wire of real chargers."""
    command = talk.call()
    _, message_id, _, _ = await talk.socket.hear()
    talk.socket.say([4, message_id, *rest])
    with pytest.raises(CommandFailed) as caught:
        await command
    assert caught.value.code == (code or rest[0])
    assert caught.value.description == description


@VERSIONS
@pytest.mark.parametrize(
    "frame",
    [
        [3],
        [3, None],
        [3, "x", {}],
        [4],
        [4, "x"],
        [4, "x", "NotSupported", "", {}],
        [3, ["x"]],
    ],
)
async def test_an_answer_to_nothing_is_ignored(
    talk: Talk, version: Version, frame: list[Any]
) -> None:
    """An error only ever answers a call."""
    talk.socket.say(frame)
    await talk.socket.hear_nothing_else()


async def test_what_is_no_json_is_not_sent(talk: Talk) -> None:
    """The fault is told, and the slot is free again."""
    with pytest.raises(InvalidRequest):
        await talk.rpc.call("DataTransfer", {"data": object()})
    command = talk.call()
    _, message_id, _, _ = await talk.socket.hear()
    talk.socket.say([3, message_id, {}])
    assert await command == {}


async def test_ids_are_unique_and_short(talk: Talk) -> None:
    """At most 36 characters, as the specification says."""
    seen = set()
    for _ in range(20):
        command = talk.call()
        _, message_id, _, _ = await talk.socket.hear()
        assert 1 <= len(message_id) <= 36
        seen.add(message_id)
        talk.socket.say([3, message_id, {}])
        await command
    assert len(seen) == 20


async def test_a_cancelled_command_frees_the_slot(talk: Talk) -> None:
    """Whoever gave up waiting stands in nobody's way."""
    command = talk.call()
    await talk.socket.hear()
    command.cancel()
    await asyncio.wait([command])
    assert command.cancelled()
    command = talk.call("ClearCache")
    _, message_id, action, _ = await talk.socket.hear()
    assert action == "ClearCache"
    talk.socket.say([3, message_id, {}])
    assert await command == {}


# --- the end of a socket ------------------------------------------------------------------


async def test_open_commands_fail_at_once_when_the_socket_closes(
    talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    """The open one, those that wait behind it, and all that come later; quietly."""
    commands = [talk.call(), talk.call(), talk.call()]
    await talk.socket.hear()
    talk.socket.hang_up()
    for command in commands:
        with pytest.raises(StationOffline):
            await command
    with pytest.raises(StationOffline):
        await talk.rpc.call("Reset", {})
    assert [
        record for record in caplog.records if record.levelno >= logging.ERROR
    ] == []


async def test_a_socket_that_closes_while_it_is_written_to_ends_the_command_quietly(
    talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody may be left to read the error that close() gives the answer."""
    closing = asyncio.Event()

    async def send(message: str) -> None:
        await closing.wait()
        raise ConnectionResetError

    talk.socket.send = send  # type: ignore[method-assign]
    command = talk.call()
    await asyncio.sleep(0)
    talk.rpc.close()
    closing.set()
    with pytest.raises(StationOffline):
        await command
    del command
    talk.rpc.close()
    assert "never retrieved" not in caplog.text


async def test_an_answer_to_a_station_that_left_is_dropped(
    talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    """What a handler began is brought to its end all the same."""
    done = []
    go_on = asyncio.Event()

    async def store(payload: Any) -> Any:
        await go_on.wait()
        done.append(payload)
        return {}

    talk.handlers["StartTransaction"] = store
    talk.socket.say([2, "1", "StartTransaction", {"idTag": "A"}])
    await talk.socket.hear_nothing_else()
    talk.socket.hang_up()
    await asyncio.sleep(0)
    assert not talk.running.done()
    go_on.set()
    await talk.running
    assert done == [{"idTag": "A"}]
    assert [
        record for record in caplog.records if record.levelno >= logging.ERROR
    ] == []


async def test_what_comes_over_a_replaced_socket_is_not_read(talk: Talk) -> None:
    """The newer socket speaks for the station."""
    talk.rpc.close()
    talk.socket.say([2, "1", "Heartbeat", {}])
    talk.socket.hang_up()
    await talk.running
    assert talk.handled == []


# --- repeated messages --------------------------------------------------------------------


@VERSIONS
async def test_a_repeated_message_gets_the_same_answer(
    talk: Talk, version: Version
) -> None:
    """It is not handled again."""
    answers = iter([{"transactionId": 1}, {"transactionId": 2}])

    async def answer(payload: Any) -> Any:
        return next(answers)

    talk.handlers["StartTransaction"] = answer
    for _ in range(3):
        talk.socket.say([2, "1", "StartTransaction", {"idTag": "A"}])
        assert await talk.socket.hear() == [3, "1", {"transactionId": 1}]
    assert len(talk.handled) == 1


@VERSIONS
async def test_a_message_repeated_while_it_is_in_work_is_handled_and_answered_once(
    talk: Talk, version: Version
) -> None:
    """The answer that is on its way serves both."""
    go_on = asyncio.Event()

    async def wait(payload: Any) -> Any:
        await go_on.wait()
        return {"done": True}

    talk.handlers["StopTransaction"] = wait
    talk.socket.say([2, "1", "StopTransaction", {}])
    talk.socket.say([2, "1", "StopTransaction", {}])
    await talk.socket.hear_nothing_else()
    go_on.set()
    assert await talk.socket.hear() == [3, "1", {"done": True}]
    await talk.socket.hear_nothing_else()
    assert [action for action, _ in talk.handled].count("StopTransaction") == 1


@VERSIONS
async def test_the_same_id_with_another_payload_is_a_new_message(
    talk: Talk, version: Version
) -> None:
    """Some stations give every message the id "1"."""
    for value in range(3):
        talk.socket.say([2, "1", "MeterValues", {"connectorId": value}])
        assert await talk.socket.hear() == [3, "1", {"connectorId": value}]
    talk.socket.say([2, "1", "Heartbeat", {}])
    assert await talk.socket.hear() == [3, "1", {}]


async def test_an_answer_is_kept_for_the_message_that_now_has_the_id(
    talk: Talk,
) -> None:
    """Two messages of one id are in work, and the older is done last."""
    first, second = asyncio.Event(), asyncio.Event()

    async def wait(payload: Any) -> Any:
        await (first if payload["n"] == 1 else second).wait()
        return payload

    talk.handlers["StopTransaction"] = wait
    talk.socket.say([2, "1", "StopTransaction", {"n": 1}])
    talk.socket.say([2, "1", "StopTransaction", {"n": 2}])
    second.set()
    assert await talk.socket.hear() == [3, "1", {"n": 2}]
    first.set()
    assert await talk.socket.hear() == [3, "1", {"n": 1}]
    talk.socket.say([2, "1", "StopTransaction", {"n": 2}])
    assert await talk.socket.hear() == [3, "1", {"n": 2}]
    assert len(talk.handled) == 2


@VERSIONS
@pytest.mark.parametrize("action", ["BootNotification", "Heartbeat"])
async def test_the_present_time_is_never_answered_from_memory(
    talk: Talk, version: Version, action: str
) -> None:
    """Also not when the station gives all of its messages one id."""
    times = iter(range(9))

    async def tell(payload: Any) -> Any:
        return {"currentTime": next(times)}

    talk.handlers[action] = tell
    talk.socket.say([2, "1", "StatusNotification", {}])
    assert await talk.socket.hear() == [3, "1", {}]
    for expected in range(3):
        talk.socket.say([2, "1", action, {}])
        assert await talk.socket.hear() == [3, "1", {"currentTime": expected}]


async def test_a_refused_message_is_tried_again_when_it_is_repeated(talk: Talk) -> None:
    """What stood against it may be gone: a station is adopted, a fault is over."""
    talk.handlers["StatusNotification"] = refused_with(ErrorCode.SECURITY_ERROR)
    talk.socket.say([2, "1", "StatusNotification", {}])
    assert (await talk.socket.hear())[2] == "SecurityError"
    del talk.handlers["StatusNotification"]
    talk.socket.say([2, "1", "StatusNotification", {}])
    assert await talk.socket.hear() == [3, "1", {}]


async def test_only_the_newest_answers_are_kept(talk: Talk) -> None:
    """A station can't make the memory grow."""
    for number in range(100):
        talk.socket.say([2, str(number), "MeterValues", {}])
        await talk.socket.hear()
    talk.socket.say([2, "99", "MeterValues", {}])
    await talk.socket.hear()
    assert len(talk.handled) == 100
    talk.socket.say([2, "0", "MeterValues", {}])
    await talk.socket.hear()
    assert len(talk.handled) == 101


async def test_a_station_that_floods_us_waits_until_some_of_its_calls_are_done(
    talk: Talk,
) -> None:
    """No more than 64 are in work at a time, and none is lost."""
    go_on = asyncio.Event()

    async def wait(payload: Any) -> Any:
        await go_on.wait()
        return {}

    talk.handlers["MeterValues"] = wait
    for number in range(100):
        talk.socket.say([2, str(number), "MeterValues", {}])
    for _ in range(300):
        await asyncio.sleep(0)
    assert len(talk.handled) == 64
    go_on.set()
    answered = {(await talk.socket.hear())[1] for _ in range(100)}
    assert answered == {str(number) for number in range(100)}


@HANDLERS
async def test_a_station_that_takes_no_answers_waits_until_it_has_taken_some(
    talk: Talk, how: How
) -> None:
    """An answer that is not sent yet counts as one that is in work."""
    talk.socket.room.clear()
    talk.handlers["MeterValues"] = how(lambda payload: {})
    for number in range(200):
        talk.socket.say([2, str(number), "MeterValues", {}])
    for _ in range(600):
        await asyncio.sleep(0)
    assert len(talk.handled) == 64
    talk.socket.room.set()
    answered = {(await talk.socket.hear())[1] for _ in range(200)}
    assert answered == {str(number) for number in range(200)}


# --- bad frames ---------------------------------------------------------------------------

UNREADABLE = [
    pytest.param("hello", id="text"),
    pytest.param("{}", id="object"),
    pytest.param("[]", id="empty array"),
    pytest.param("null", id="null"),
    pytest.param('"[2]"', id="string"),
    pytest.param('[2,"1","Heart', id="cut in a word"),
    pytest.param('[2,"1","MeterValues",{"connectorId":1', id="cut in a number"),
    pytest.param('[2,"1","Heartbeat"}', id="wrong bracket"),
    pytest.param("[" * 5000, id="deep"),
    pytest.param("[" * 5000 + "]" * 5000, id="deep and closed"),
    pytest.param(
        '[2,"1","Heartbeat",' + '{"a":' * 2000 + "1" + "}" * 2001, id="nested"
    ),
    pytest.param("[" + "," * 100_000, id="long garbage"),
    pytest.param(b"\x00\xff\xfe\x80", id="binary garbage"),
    pytest.param('[["a"],"1","Heartbeat",{}]', id="array for a type"),
    pytest.param('[{},"1"]', id="object for a type"),
    pytest.param('[null,"1","Heartbeat",{}]', id="null for a type"),
    pytest.param('["2","1","Heartbeat",{}]', id="text for a type"),
    pytest.param("[2]", id="no message id"),
    pytest.param('[2,null,"Heartbeat",{}]', id="null id"),
    pytest.param('[2,true,"Heartbeat",{}]', id="boolean id"),
    pytest.param('[2,["1"],"Heartbeat",{}]', id="array id"),
    pytest.param('[2,{},"Heartbeat",{}]', id="object id"),
    pytest.param('[2,1.5,"Heartbeat",{}]', id="fraction id"),
    pytest.param('[2,1e300,"Heartbeat",{}]', id="astronomic id"),
    pytest.param(json.dumps([2, "x" * 256, "Heartbeat", {}]), id="huge id"),
    pytest.param('[2,"\\ud800","Heartbeat",{}]', id="half a character"),
]


@pytest.mark.parametrize("frame", UNREADABLE)
async def test_1_6_is_silent_about_what_it_cant_read(
    talk: Talk, frame: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A CALLERROR can only answer a CALL there."""
    talk.socket.say(frame)
    await talk.socket.hear_nothing_else()
    assert len(talk.notes) == 1
    assert [
        record for record in caplog.records if record.levelno >= logging.ERROR
    ] == []


@V2
@pytest.mark.parametrize("frame", UNREADABLE)
async def test_2_x_answers_what_it_cant_read_with_the_id_minus_one(
    talk: Talk, version: Version, frame: str | bytes
) -> None:
    """It names no message since none could be found."""
    talk.socket.say(frame)
    kind, message_id, code, description, details = await talk.socket.hear()
    assert (kind, message_id, code) == (4, "-1", "RpcFrameworkError")
    assert isinstance(description, str) and details == {}
    await talk.socket.hear_nothing_else()


@VERSIONS
@pytest.mark.parametrize("frame", ["", b""])
async def test_an_empty_frame_is_ignored(
    talk: Talk, version: Version, frame: str | bytes
) -> None:
    """It is not even an oddity: some routers keep connections open with them."""
    talk.socket.say(frame)
    await talk.socket.hear_nothing_else()
    assert talk.notes == []


@pytest.mark.parametrize("message_id", ["1", 1, 0, -7, 2**40, "x" * 255, "", "ü", "-1"])
@VERSIONS
async def test_a_message_id_is_echoed_as_it_came(
    talk: Talk, version: Version, message_id: str | int
) -> None:
    """Numbers stay numbers."""
    talk.socket.say([2, message_id, "Heartbeat", {}])
    kind, echoed, _ = await talk.socket.hear()
    assert kind == 3
    assert echoed == message_id and type(echoed) is type(message_id)


@VERSIONS
@pytest.mark.parametrize(
    "frame",
    [
        '[2,"1","Heartbeat",{}]',
        '[2, "1", "Heartbeat"]',
        '[2,"1","Heartbeat",{},{}]',
        '[2.0,"1","Heartbeat",{}]',
    ],
)
async def test_a_frame_can_come_in_binary_and_with_too_few_or_many_elements(
    talk: Talk, version: Version, frame: str
) -> None:
    """What is meant is clear."""
    for data in (frame, frame.encode()):
        talk.socket.say(data)
        assert await talk.socket.hear() == [3, "1", {}]


@VERSIONS
@pytest.mark.parametrize("action", [None, 7, ["a"], {"a": 1}, True])
async def test_a_call_whose_action_is_no_text_is_refused(
    talk: Talk, version: Version, action: Any
) -> None:
    """Also one that is not there at all."""
    expected = "FormationViolation" if version is V16 else "FormatViolation"
    talk.socket.say([2, "1", action, {}])
    assert (await talk.socket.hear())[:3] == [4, "1", expected]
    talk.socket.say([2, "2"])
    assert (await talk.socket.hear())[:3] == [4, "2", expected]


@pytest.mark.parametrize("kind", [0, 1, 7, 9, -2, True, 10**18])
@VERSIONS
async def test_an_unknown_message_type_is_answered_by_2_0_1_only(
    talk: Talk, version: Version, kind: int
) -> None:
    """1.6 and 2.1 ignore it."""
    talk.socket.say([kind, "1", "Heartbeat", {}])
    if version is V201:
        assert await talk.socket.hear() == [4, "1", "MessageTypeNotSupported", "", {}]
        talk.socket.say([kind, None])
        assert (await talk.socket.hear())[1] == "-1"
    await talk.socket.hear_nothing_else()
    assert set(talk.notes) == {"frame: unknown message type"}


@pytest.mark.parametrize("kind", [5, 6])
@pytest.mark.parametrize("version", [V16, V201])
async def test_the_message_types_of_2_1_are_unknown_to_the_versions_before(
    talk: Talk, version: Version, kind: int
) -> None:
    """And nothing of them is taken up."""
    talk.socket.say([kind, "1", "Heartbeat", {}])
    if version is V201:
        assert (await talk.socket.hear())[2] == "MessageTypeNotSupported"
    await talk.socket.hear_nothing_else()
    assert talk.notes == ["frame: unknown message type"]
    assert all(payload != "Heartbeat" for _, payload in talk.handled)


# --- messages that nobody answers ---------------------------------------------------------


@pytest.mark.parametrize("version", [V21], ids=["2.1"])
async def test_a_message_that_asks_for_no_answer_is_taken_up_and_gets_none(
    talk: Talk, version: Version
) -> None:
    """Also when it comes again, or has the id of another."""
    talk.socket.say([6, "1", "NotifyPeriodicEventStream", {"id": 3}])
    talk.socket.say([6, "1", "NotifyPeriodicEventStream", {"id": 3}])
    await talk.socket.hear_nothing_else()
    assert talk.handled[:2] == [("NotifyPeriodicEventStream", {"id": 3})] * 2
    assert not talk.notes


@HANDLERS
@pytest.mark.parametrize("version", [V21], ids=["2.1"])
async def test_a_message_that_asks_for_no_answer_gets_none_when_it_is_refused_either(
    talk: Talk, version: Version, how: How, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor when it can't be read, or when the fault is ours."""
    talk.handlers["Wrong"] = how(refused_with(ErrorCode.PROTOCOL_ERROR, "secret"))

    def fail(payload: Any) -> Any:
        raise ZeroDivisionError

    talk.handlers["Broken"] = how(fail)
    for frame in ([6, "1", "Wrong", {}], [6, "2", "Broken", {}], [6, "3"], [6]):
        talk.socket.say(frame)
    await talk.socket.hear_nothing_else()
    assert Counter(talk.notes) == {
        "frame: unanswered message refused, ProtocolError": 1,
        "frame: unanswered message refused, InternalError": 1,
        "frame: no message to take up": 2,
    }
    assert "Failed to handle Broken" in caplog.text


@pytest.mark.parametrize("version", [V21], ids=["2.1"])
async def test_a_message_of_ours_that_asks_for_no_answer_waits_for_no_turn(
    talk: Talk, version: Version
) -> None:
    """Nor does it keep a command from being answered."""
    command = talk.call("ClearCache")
    message_id = (await talk.socket.hear())[1]
    await talk.rpc.send("NotifyPeriodicEventStream", {"id": 1})
    sent = await talk.socket.hear()
    assert sent[0] == 6 and sent[2:] == ["NotifyPeriodicEventStream", {"id": 1}]
    talk.socket.say([3, message_id, {"status": "Accepted"}])
    assert await command == {"status": "Accepted"}
    with pytest.raises(InvalidRequest):
        await talk.rpc.send("NotifyPeriodicEventStream", {"data": object()})
    talk.rpc.close()
    with pytest.raises(StationOffline):
        await talk.rpc.send("NotifyPeriodicEventStream", {})


@VERSIONS
async def test_a_station_is_told_of_an_answer_that_cant_be_used_in_2_1_only(
    talk: Talk, version: Version
) -> None:
    """By the id of the answer, which is that of the command."""
    command = asyncio.create_task(talk.rpc.call("ClearCache", {}))
    message_id = (await talk.socket.hear())[1]
    talk.socket.say([3, message_id, {}])
    code = ErrorCode.PROTOCOL_ERROR
    talk.rpc.disown(await command, code, "status: required")
    if version is V21:
        told = await talk.socket.hear()
        assert told == [5, message_id, "ProtocolError", "status: required", {}]
    await talk.socket.hear_nothing_else()


@pytest.mark.parametrize("version", [V21], ids=["2.1"])
async def test_that_an_answer_of_ours_could_not_be_used_is_noted(
    talk: Talk, version: Version
) -> None:
    """And changes nothing else."""
    command = talk.call("ClearCache")
    message_id = (await talk.socket.hear())[1]
    talk.socket.say([5, message_id, "FormatViolation", "", {}])
    talk.socket.say([5])
    talk.socket.say([3, message_id, {"status": "Accepted"}])
    assert await command == {"status": "Accepted"}
    assert talk.notes == ["frame: an answer of ours could not be used"] * 2


async def test_repaired_json_is_noted(talk: Talk) -> None:
    """And answered."""
    talk.socket.say('[2,"1","StopTransaction",{"transactionId":,"meterStop":7}')
    assert await talk.socket.hear() == [3, "1", {"transactionId": None, "meterStop": 7}]
    assert talk.notes == ["frame: repaired JSON"]


# --- refusals -----------------------------------------------------------------------------


@VERSIONS
@pytest.mark.parametrize("code", ErrorCode)
async def test_a_refusal_is_spelt_as_the_version_spells_it(
    talk: Talk, version: Version, code: ErrorCode
) -> None:
    """With a description of at most 255 characters and details that are an object."""
    talk.handlers["MeterValues"] = refused_with(code, "x" * 300)
    talk.socket.say([2, "1", "MeterValues", {}])
    assert await talk.socket.hear() == [
        4,
        "1",
        version.error_code(code),
        "x" * 255,
        {},
    ]


@HANDLERS
@pytest.mark.parametrize("answer", [RuntimeError("secret"), {"a": object()}])
async def test_a_fault_of_ours_is_answered_and_logged(
    talk: Talk, answer: Any, how: How, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not cost the station its connection."""

    def fail(payload: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    talk.handlers["MeterValues"] = how(fail)
    talk.socket.say([2, "1", "MeterValues", {}])
    assert await talk.socket.hear() == [4, "1", "InternalError", "", {}]
    assert "Failed to handle MeterValues" in caplog.text
    await talk.socket.hear_nothing_else()


@HANDLERS
async def test_a_fault_of_what_shows_a_station_costs_it_nothing(
    talk: Talk, how: How, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither its answer nor its connection; the fault is logged."""

    def fail() -> None:
        raise RuntimeError("a fault of ours")

    talk.answered = fail
    talk.handlers["MeterValues"] = how(lambda payload: {})
    for message_id in ("1", "2"):
        talk.socket.say([2, message_id, "MeterValues", {}])
        assert await talk.socket.hear() == [3, message_id, {}]
    await talk.socket.hear_nothing_else()
    assert "Failed to tell what MeterValues changed" in caplog.text
    assert "a fault of ours" in caplog.text


@VERSIONS
async def test_payload_keys_are_never_renamed(talk: Talk, version: Version) -> None:
    """In neither direction."""
    payload = {
        "data": {"my_key": 1, "socX": [{"fooBar": None}]},
        "customData": {"SoC": 1},
    }
    talk.socket.say([2, "1", "DataTransfer", payload])
    assert await talk.socket.hear() == [3, "1", payload]
    assert talk.handled == [("DataTransfer", payload)]
    command = talk.call("DataTransfer", **payload)
    _, message_id, _, sent = await talk.socket.hear()
    assert sent == payload
    talk.socket.say([3, message_id, payload])
    assert await command == payload


# --- the log ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "described"),
    [
        (
            '[2,"1","Authorize",{"idTag":"SECRET"}]',
            "CALL '1' 'Authorize' (38 characters)",
        ),
        (b'[3,7,{"idTag":"SECRET"}]', "CALLRESULT 7 (24 characters)"),
        (
            '[4,"1","GenericError","SECRET",{}]',
            "CALLERROR '1' 'GenericError' (34 characters)",
        ),
        ('[4,"1",null]', "CALLERROR '1' None (12 characters)"),
        ('[["SECRET"],"1",{}]', "no OCPP-J frame (19 characters)"),
        ('[2,"1",{"idTag":"SECRET"}]', "no OCPP-J frame (26 characters)"),
        ('"SECRET"', "no OCPP-J frame (8 characters)"),
        ("SECRET", "no OCPP-J frame (6 characters)"),
        (
            json.dumps([3, "\n" + "1" * 99]),
            "CALLRESULT '\\n" + "1" * 47 + " (108 characters)",
        ),
    ],
)
def test_a_frame_is_logged_without_its_payload(
    frame: str | bytes, described: str
) -> None:
    """Cards and passwords are in there."""
    assert describe(frame) == described


async def test_logging_frames_never_ends_the_conversation(
    talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever they look like."""
    with caplog.at_level(logging.DEBUG):
        for param in UNREADABLE:
            (frame,) = param.values
            talk.socket.say(frame)  # type: ignore[arg-type]
        await talk.socket.hear_nothing_else()
    assert "Received CALL 'nothing else' 'Echo'" in caplog.text
    assert "Sending CALLRESULT 'nothing else'" in caplog.text
