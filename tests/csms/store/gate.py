"""What stands between a store and its server, and lets nothing through when it shall not."""

import asyncio
from contextlib import suppress
from typing import Self

from sqlalchemy import make_url


class Gate:
    """Passes bytes on, or not."""

    def __init__(self, host: str, port: int) -> None:
        """Stand before a server."""
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._through = asyncio.Event()
        self._through.set()
        self.port = 0
        self.url = ""

    @classmethod
    def before(cls, url: str) -> Self:
        """Return a gate before the server of a URL."""
        parsed = make_url(url)
        assert parsed.host is not None and parsed.port is not None
        gate = cls(parsed.host, parsed.port)
        gate.url = url
        return gate

    async def __aenter__(self) -> Self:
        """Open."""
        await self.open()
        parsed = make_url(self.url).set(port=self.port)
        self.url = parsed.render_as_string(hide_password=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Be gone."""
        await self.refuse()

    async def open(self) -> None:
        """Let everything through, also what was held up."""
        self._through.set()
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self.port
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def hang(self) -> None:
        """Let nothing through, and say nothing."""
        self._through.clear()

    async def refuse(self) -> None:
        """Accept no connection, and break those there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.cut()

    async def cut(self) -> None:
        """Break the connections there are."""
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await self._through.wait()
        there, back = await asyncio.open_connection(*self._target)
        self._writers |= {writer, back}
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self._through.wait()
                sink.write(data)
                await sink.drain()
        sink.close()
