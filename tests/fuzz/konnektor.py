"""Fuzz the readers of a Konnektor's answers with atheris.

    python tests/fuzz/konnektor.py -max_total_time=600
    python tests/fuzz/konnektor.py --plant=element -max_total_time=60    # must find it, and ends with status 77

Options and corpus as those of `codec.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

# The tests' own folder is where shared test code lies.
sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["ti_adapter.konnektor", "ti_adapter.xml_tree"]):
    from fuzz import konnektor_targets
    from fuzz.run import run


if __name__ == "__main__":
    run(konnektor_targets, max_len=8192)
