"""Programs that run as long as this one does."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
import os
from pathlib import Path
import signal
from typing import Self

# Home Assistant writes its states to disk when it stops.
STOP_SECONDS = 60


class Process:
    """A program in a session of its own.

    In a session of its own, so that Ctrl-C in the terminal reaches this program only,
    which then stops the others in the right order and everything they have started.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        """Remember the running program."""
        self._process = process
        self.log = log

    @classmethod
    async def start(
        cls, *command: str | Path, log: Path, environment: Mapping[str, str]
    ) -> Self:
        """Start a program; what it prints goes to the log file."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        return cls(process, log)

    @property
    def running(self) -> bool:
        """Return if the program has not ended."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait for the program's end and return its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask the program to end, wait for it, and end what it leaves behind."""
        try:
            if self.running:
                with suppress(ProcessLookupError):
                    self._process.terminate()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        finally:
            # The session's group has the program's process id.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    def last_lines(self, count: int = 20) -> str:
        """Return the end of what the program printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
