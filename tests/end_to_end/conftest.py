"""What the tests with a Home Assistant process of its own share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scripts.dev.client import Client

from .real_home import RealHome


@pytest.fixture
async def home(tmp_path: Path, socket_enabled: None) -> AsyncIterator[RealHome]:
    """Return a running Home Assistant; it is ended at the end."""
    home = RealHome(tmp_path / "config")
    async with Client.open(f"http://127.0.0.1:{home.http_port}") as client:
        await home.start(client)
        try:
            yield home
        finally:
            await home.process.stop()
