"""Write what docs/chargers.md says of models: python -m scripts.chargers.

The table of known models comes from the integration, and the list of what is handled without
knowing a model from the fixtures that prove it. The rest of the page is written by hand.
"""

from collections import defaultdict
from dataclasses import fields
import json
from pathlib import Path

from custom_components.ocpp.csms.chargers import MODELS, Compatibility, Model

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "chargers.md"
FIXTURES = ROOT / "tests" / "csms" / "fixtures"

# What a field of a known model means to whoever has one.
EFFECTS = {
    "never_sent": "never sends {} by itself",
    "never_triggered": "never asks for {}",
    "samples_on_request": "asks for values again and again",
    "measurands": "samples {}",
    "not_sampled": "does not sample {}",
    "sample_interval": "samples no more often than every {} s",
    "rate_unit": "limits in {} only",
    "purposes": "limits as {} only",
    "profile_kind": "{} profiles only",
    "lowest_stack_level": "stack level 0 only",
    "whole_amperes": "whole amperes only",
    "lowest_current": "no limit between 0 and {} A",
    "steps": "only {} A",
    "obeys_limits": "warns that limits have no effect once one is set",
    "start_with_profile": "starts without a limit and sets it afterwards",
    "id_token": "starts with the token `{}`",
    "call_timeout": "waits {} s for answers",
    "start_answer_delay": "answers a start after {} s",
    "redials": "never closes the connection to have it boot",
    "whole_seconds": "tells it times without fractions of seconds",
}
# What stands in place of a brand where the fixture is of none, or of a simulated charger.
_NO_BRAND = {
    *("none seen", "several", "unknown"),
    *("SAP", "VCP", "open-ocpp", "shiv3", "vasyas"),
}


def effects(compatibility: Compatibility) -> list[str]:
    """Return in words what is done differently for a charger."""
    said = []
    for field in fields(Compatibility):
        value = getattr(compatibility, field.name)
        if value != field.default:
            said.append(EFFECTS[field.name].format(_words(value)))
    return said


def _words(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _recognised(model: Model) -> str:
    parts = ("vendor", "model", "firmware")
    patterns = [
        f"{part} `{pattern.replace('|', chr(92) + '|')}`"
        for part in parts
        if (pattern := getattr(model, part))
    ]
    return ", ".join(patterns) + ("" if model.seen else " (supposed)")


def models() -> str:
    """Return the table of known models."""
    rows = [
        "| charger | recognised by | how it is treated | why | evidence |",
        "|---" * 5 + "|",
    ]
    for model in MODELS:
        cells = (
            model.name,
            _recognised(model),
            "; ".join(effects(model.compatibility)),
            model.why,
            ", ".join(model.sources),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def handled() -> str:
    """Return what is handled without knowing the model, by brand."""
    by_brand: dict[str, list[str]] = defaultdict(list)
    for path in sorted(FIXTURES.glob("quirks_1_6_*.json")):
        for quirk in json.loads(path.read_text()):
            for brand in quirk["brands"]:
                by_brand["any" if brand in _NO_BRAND else brand].append(quirk["quirk"])
    for path in sorted((FIXTURES / "conversations").glob("*.json")):
        conversation = json.loads(path.read_text())
        for brand in conversation["like"]:
            by_brand[brand].append(conversation["what"].rstrip("."))
    brands = sorted(by_brand, key=lambda name: (name == "any", name.casefold()))
    return "\n".join(
        (
            "| brand | what it does, and we understand |",
            "|---|---|",
            *(
                f"| {brand} | {'; '.join(dict.fromkeys(by_brand[brand]))} |"
                for brand in brands
            ),
        )
    )


def refreshed(page: str) -> str:
    """Return the page with what is generated in it anew."""
    for name, text in (("models", models()), ("handled", handled())):
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, begun, rest = page.partition(begin)
        _, ended, after = rest.partition(end)
        if not begun or not ended:
            raise ValueError(f"{PAGE.name} has no place for {name}")
        page = f"{before}{begin}{text}\n{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text()))
