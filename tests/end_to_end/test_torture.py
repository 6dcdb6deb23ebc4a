"""Whatever moment Home Assistant is killed at, no session is lost, doubled or wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
import os
from pathlib import Path
import sys

import pytest

from scripts.dev.process import Process

ROOT = Path(__file__).resolve().parents[2]
# `scripts/torture` kills it 200 times and, asked to, for as long as one likes.
KILLS = 40
SECONDS = 240

pytestmark = pytest.mark.timeout(SECONDS)

type Torture = Callable[..., Awaitable[str]]


@pytest.fixture
async def torture(tmp_path: Path) -> AsyncIterator[Torture]:
    """Return how to run `scripts/torture`; nothing of it is left after the test."""
    started: list[Process] = []

    async def run(*arguments: str) -> str:
        process = await Process.start(
            *(sys.executable, "-m", "scripts.torture", *arguments),
            log=tmp_path / "torture.log",
            environment={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TMPDIR": str(tmp_path),
            },
        )
        started.append(process)
        code = await process.wait()
        said = process.last_lines(100)
        # Also shows the seed of a run that passed, with `pytest -rP`.
        print(said)
        assert code == 0, said
        return said

    yield run
    for process in started:
        await process.stop()


async def test_a_killed_home_assistant_loses_no_session(torture: Torture) -> None:
    said = await torture("--kills", str(KILLS))
    assert "Nothing was lost in" in said
