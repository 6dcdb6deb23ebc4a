"""Write the pages: python -m scripts.conformance, or with versions: ... 1.6."""

import sys

from .catalogue import catalogues
from .markers import proofs
from .page import page_of, rendered

chosen = set(sys.argv[1:])
known = {catalogue.version for catalogue in catalogues()}
if unknown := chosen - known:
    sys.exit(f"no catalogue of {', '.join(sorted(unknown))}")
for catalogue in catalogues():
    if not chosen or catalogue.version in chosen:
        page_of(catalogue).write_text(rendered(catalogue, proofs()))
