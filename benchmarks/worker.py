"""A process that is told what to do, a JSON line at a time, over its own pipes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import os
from pathlib import Path
import sys
from typing import Any

import orjson

# In bytes; the answers of 200 stations are long lines.
_LONGEST_LINE = 2**24
# In characters; so much of its log is shown when something fails.
_LONGEST_QUOTE = 3_000
# In seconds; no command takes longer, and a process that hangs must not hang us.
_LONGEST_COMMAND = 300
_LONGEST_GOODBYE = 20

type Command = Callable[..., Awaitable[dict[str, Any] | None]]


class WorkerFailed(Exception):
    """A process ended, or a command of it failed."""


class Worker:
    """The side that tells. Ends the process, and no other, when it is closed."""

    def __init__(self, module: str, *arguments: str, log: Path) -> None:
        """Prepare to run a module of this package; its stderr goes to a file."""
        self._command = [sys.executable, "-m", f"{__package__}.{module}", *arguments]
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; it takes commands from then on."""
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=_LONGEST_LINE,
                cwd=Path(__file__).parent.parent,
                # Ctrl-C is for us; we end it in order.
                start_new_session=True,
            )

    async def tell(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Have a command carried out and return its answer; raises `WorkerFailed`."""
        process = self._process
        assert process and process.stdin and process.stdout
        process.stdin.write(orjson.dumps([command, arguments]) + b"\n")
        async with asyncio.timeout(_LONGEST_COMMAND):
            line = await process.stdout.readline()
        ok, answer = orjson.loads(line) if line else (False, "the process ended")
        if not ok:
            end = self._log.read_text(errors="replace")[-_LONGEST_QUOTE:]
            raise WorkerFailed(f"{command}: {answer}\n{end}")
        return answer

    async def close(self) -> None:
        """Let the process end by itself; when it does not, end it by its id."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin
        process.stdin.close()
        try:
            async with asyncio.timeout(_LONGEST_GOODBYE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class Commands:
    """The side that is told."""

    def __init__(self) -> None:
        """Keep stdout for answers: whatever else is printed goes to stderr."""
        self._answers = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)

    async def serve(self, commands: Mapping[str, Command]) -> None:
        """Carry out commands until the other side closes the pipe."""
        reader = asyncio.StreamReader(limit=_LONGEST_LINE)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            name, arguments = orjson.loads(line)
            try:
                answer = [True, await commands[name](**arguments) or {}]
            except Exception as error:  # noqa: BLE001 - the other side shows it
                answer = [False, f"{type(error).__name__}: {error}"]
            self._answers.write(orjson.dumps(answer) + b"\n")
