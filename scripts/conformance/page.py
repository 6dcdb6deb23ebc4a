"""What the pages say."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from .catalogue import Case, Catalogue
from .markers import ROOT, Proof

DOCS = ROOT / "docs"

_ABOUT = """\
# Conformance to OCPP {version}

{source}

{proved} of the {all} cases are proved; {open} are not.

Each row below is one of these cases. Where tests stand in it, they are the proof: they play
the conversation of the case with a simulated charger over a real socket, with Home Assistant
on our side of it, and look at what is to be seen afterwards: the state of an entity, what is
kept of a session, or the error that people get. That a message was sent is not enough. Where
a reason stands in its place, nothing is claimed. None of this is a certificate: that takes
the tool of the Open Charge Alliance and one of its laboratories.

This page is made from the tests by `python -m scripts.conformance`, and a test fails when it
is out of step. To run all tests that are named here:

```
.venv/bin/python -m pytest -m proves
```
"""


def page_of(catalogue: Catalogue) -> Path:
    """Return where the page of a version is."""
    return DOCS / f"conformance-{catalogue.version}.md"


def rendered(catalogue: Catalogue, proofs: Iterable[Proof]) -> str:
    """Return the page of a version."""
    by_case: dict[str, list[Proof]] = {case.id: [] for case in catalogue.cases}
    for proof in proofs:
        if proof.version == catalogue.version:
            by_case[proof.case].append(proof)
    unmet = [case for case in catalogue.cases if case.reason or not by_case[case.id]]
    about = _ABOUT.format(
        version=catalogue.version,
        source=catalogue.source.strip(),
        all=len(catalogue.cases),
        proved=len(catalogue.cases) - len(unmet),
        open=len(unmet),
    )
    parts = [about, *([_not_proved(unmet)] if unmet else [])]
    for chapter, cases in groupby(catalogue.cases, lambda case: case.chapter):
        rows = "\n".join(_row(case, by_case[case.id]) for case in cases)
        parts.append(f"## {chapter}\n\n| Case | | Proved by |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _not_proved(unmet: Iterable[Case]) -> str:
    by_reason: dict[str, list[str]] = {}
    for case in unmet:
        by_reason.setdefault(case.reason or "No test yet.", []).append(case.id)
    rows = "\n".join(
        f"| {reason} | {len(ids)} | {', '.join(ids)} |"
        for reason, ids in by_reason.items()
    )
    return f"## Not proved\n\n| Why | | Cases |\n|---|---|---|\n{rows}\n"


def _row(case: Case, proofs: Iterable[Proof]) -> str:
    if case.reason:
        cell = f"**Not proved.** {case.reason}"
    else:
        tests = dict.fromkeys((proof.path, proof.test) for proof in proofs)
        cell = "<br>".join(_link(path, test) for path, test in tests)
        cell = cell or "**Not proved.** No test yet."
    note = f" {case.note}" if case.note else ""
    return f"| {case.id} | {case.name} | {cell}{note and f'<br>{note.strip()}'} |"


def _link(path: Path, test: str) -> str:
    words = test.removeprefix("test_").replace("_", " ")
    return f"[{words}](../{path.relative_to(ROOT).as_posix()})"
