"""Starts Home Assistant in a fraction of the time: it is imported once and then forked.

`python -m tests.end_to_end.torture.zygote` reads one line of JSON per command and answers
each with one line. `{"start": DIRECTORY}` forks a process that runs Home Assistant in this
configuration directory, from `homeassistant.runner` on as the `hass` command does, and is
answered with its process id. `{"reap": PID}` waits for the end of such a process and is
answered with its exit code. At the end of its input it kills what it started.
"""

import ctypes
import gc
import importlib
import json
import os
from pathlib import Path
import pkgutil
import signal
import sys
import threading

from homeassistant import bootstrap, runner

import custom_components.ocpp

# What the configuration has Home Assistant load, so that no life spends time on importing.
_PRELOADED = ("api", "http", "websocket_api")
_PLATFORMS = ("binary_sensor", "button", "event", "number", "sensor", "switch")
_PR_SET_PDEATHSIG = 1


def preload() -> None:
    """Import what every life needs."""
    component = Path(next(iter(custom_components.ocpp.__path__)))
    manifest = json.loads((component / "manifest.json").read_text())
    for name in (*_PRELOADED, *_PLATFORMS, *manifest["dependencies"]):
        importlib.import_module(f"homeassistant.components.{name}")
    for found in pkgutil.walk_packages([str(component)], "custom_components.ocpp."):
        # What upgrades the database is loaded by its tool.
        if ".migrations" not in found.name:
            importlib.import_module(found.name)
    # Every other default integration is of no concern here.
    bootstrap.DEFAULT_INTEGRATIONS = set()
    bootstrap.CRITICAL_INTEGRATIONS = set()


def live(directory: Path, parent: int) -> None:
    """Be Home Assistant, for as long as it lasts; never return."""
    # Nothing outlives the zygote, however that ends.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    log = os.open(directory / "console.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    config = runner.RuntimeConfig(
        config_dir=str(directory), skip_pip=True, log_no_color=True
    )
    code = 1
    try:
        code = runner.run(config)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Carry out commands until there are no more."""
    preload()
    # Pages that nothing writes to are shared by all lives.
    gc.collect()
    gc.freeze()
    if threading.active_count() != 1:
        sys.exit("A thread was started by an import: it would be missing in a fork")
    running: set[int] = set()
    parent = os.getpid()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        match json.loads(line):
            case {"start": directory}:
                if (pid := os.fork()) == 0:
                    live(Path(directory), parent)
                running.add(pid)
                print(json.dumps(pid), flush=True)
            case {"reap": pid}:
                _, status = os.waitpid(pid, 0)
                running.discard(pid)
                print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)
    for pid in running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
