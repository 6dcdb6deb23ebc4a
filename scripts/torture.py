"""Kill Home Assistant again and again while chargers charge: nothing may be lost."""

import argparse
import asyncio
import os
from pathlib import Path
from random import SystemRandom
import subprocess
import sys

from tests.end_to_end.torture.home import Lost
from tests.end_to_end.torture.run import SORTS, torture

HISTORIES = ("tests/csms/test_histories.py", "tests/csms/test_histories_2x.py")


def try_histories(count: int, seed: int) -> int:
    """Try so many histories of messages on each property; return pytest's exit code."""
    print(f"Seed {seed}: {count} histories on each property", flush=True)
    command = ("-m", "pytest", *HISTORIES, "--quiet")
    return subprocess.run(
        [
            *(sys.executable, *command, "--timeout=0"),
            f"--hypothesis-seed={seed}",
            "--show-capture=no",
        ],
        env={**os.environ, "HISTORIES": str(count)},
        check=False,
    ).returncode


def main() -> int:
    """Run as the arguments say; return 1 when something was lost."""
    parser = argparse.ArgumentParser(prog="scripts/torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many (%(default)s)")
    parser.add_argument(
        "--seed", type=int, help="that of an earlier run: it has the same kills planned"
    )
    parser.add_argument(
        "--chargers", type=int, default=len(SORTS), help="how many (%(default)s)"
    )
    parser.add_argument("--keep", type=Path, help="keep the run's files here")
    parser.add_argument(
        "--histories",
        type=int,
        help="instead, try so many histories of messages on each property of sessions",
    )
    chosen = parser.parse_args()
    seed = SystemRandom().randrange(1_000_000) if chosen.seed is None else chosen.seed
    if chosen.histories:
        return try_histories(chosen.histories, seed)
    code = 0
    try:
        asyncio.run(
            torture(
                kills=chosen.kills,
                seed=seed,
                chargers=chosen.chargers,
                say=lambda text: print(text, flush=True),
                keep=chosen.keep,
            )
        )
    except* Lost as lost:
        for error in lost.exceptions:
            print(f"LOST (seed {seed}): {error}", file=sys.stderr)
        code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
