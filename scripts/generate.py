"""Write what is made from the registry of commands; called by scripts/generate."""

import argparse
import sys

from .generator.files import ROOT, GenerateError, generated


def main() -> int:
    """Write what differs; with --check only say so, and return 1."""
    parser = argparse.ArgumentParser(prog="scripts/generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    try:
        files = generated()
    except GenerateError as error:
        print(error)
        return 1
    differing = [
        path
        for path, text in files.items()
        if not path.exists() or path.read_text() != text
    ]
    for path in differing:
        print(f"{'Out of step' if check else 'Wrote'}: {path.relative_to(ROOT)}")
        if not check:
            path.write_text(files[path])
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
