"""The figures as a table, beside the bars that DESIGN sets."""

from collections.abc import Mapping
from typing import NamedTuple

from .contenders import CHECKED, CONTENDERS, INTEGRATION

type Figures = Mapping[str, float]
# The figures of all contenders by the number of stations.
type Results = Mapping[int, Mapping[str, dict[str, float]]]


class Bar(NamedTuple):
    """What the integration must not exceed: a value, or a ratio to the checked baseline."""

    value: float | None = None
    ratio: float | None = None
    most_stations: int = 1_000

    def __str__(self) -> str:
        """Say what the bar is."""
        if self.ratio is not None:
            return f"≤ {self.ratio:g}× {CHECKED.name}"
        return "" if self.value is None else f"≤ {self.value:g}"


class Row(NamedTuple):
    """One figure."""

    label: str
    name: str
    form: str = "{:.2f}"
    bar: Bar = Bar()


ROWS = (
    Row("CPU per MeterValues, ms", "meter_values", bar=Bar(ratio=1.2)),
    Row("CPU per Heartbeat, ms", "heartbeat", bar=Bar(ratio=1.2)),
    Row("state writes per MeterValues", "writes", bar=Bar(ratio=1.05)),
    Row("- that changed something", "changes"),
    Row("round trip p50, ms", "round_trip_p50", bar=Bar(1)),
    Row("round trip p99, ms", "round_trip_p99", bar=Bar(5)),
    Row("limit set → frame at the charger p50, ms", "limit_p50", bar=Bar(1)),
    Row("- frames sent before it, at most", "limit_frames_before", "{:.0f}", Bar(0)),
    Row(
        "ready after connect, all at once, s",
        "ready_all",
        "{:.3f}",
        Bar(0.15, most_stations=50),
    ),
    Row("- the last station", "ready_all_last", "{:.3f}"),
    Row("- the entities it had before", "ready_known", "{:.3f}"),
    Row("- entities unavailable then", "unavailable", "{:.0f}", Bar(0)),
    Row("memory per station, MiB", "memory_per_station", bar=Bar(0.5)),
    Row("entities per station", "entities", "{:.0f}"),
    Row("idle CPU, ms per s", "idle"),
    Row("errors", "errors", "{:.0f}", Bar(0)),
)


def add_memory_per_station(results: Results) -> None:
    """Work out what a station more takes: from the fewest stations to each number more.

    What the code takes itself is the same with one station and with many.
    """
    fewest = min(results)
    for stations, contenders in results.items():
        for name, figures in contenders.items():
            if stations > fewest:
                more = figures["memory"] - results[fewest][name]["memory"]
                figures["memory_per_station"] = more / (stations - fewest)


def table(results: Results) -> tuple[str, list[str]]:
    """Return the table in Markdown, and which bars were missed."""
    lines = []
    missed = []
    for stations in sorted(results):
        contenders = results[stations]
        lines += [
            f"\n### {stations} station{'s' if stations > 1 else ''}\n",
            f"| | {' | '.join(one.name for one in CONTENDERS)} | bar | |",
            f"|---|{'---|' * len(CONTENDERS)}---|---|",
        ]
        for row in ROWS:
            cells = [_cell(row, contenders, one.name) for one in CONTENDERS]
            bar = row.bar if stations <= row.bar.most_stations else Bar()
            verdict = _verdict(row.name, bar, contenders)
            if verdict == "missed":
                missed.append(f"{row.label} ({stations})")
            lines.append(f"| {row.label} | {' | '.join(cells)} | {bar} | {verdict} |")
    return "\n".join(lines), missed


def _cell(row: Row, contenders: Mapping[str, Figures], name: str) -> str:
    """Return a value and how many times the checked baseline's it is."""
    if (value := contenders[name].get(row.name)) is None:
        return "–"
    text = row.form.format(value)
    base = contenders[CHECKED.name].get(row.name)
    return f"{text} ({value / base:.2f}×)" if base and name != CHECKED.name else text


def _verdict(name: str, bar: Bar, contenders: Mapping[str, Figures]) -> str:
    value = contenders[INTEGRATION.name].get(name)
    limit = bar.value
    if bar.ratio is not None and name in contenders[CHECKED.name]:
        limit = bar.ratio * contenders[CHECKED.name][name]
    if value is None or limit is None:
        return ""
    return "pass" if value <= limit else "missed"
