"""Fuzz what a VAU says: the messages of the handshake, of the channel, and the HTTP inside with atheris.

    python tests/fuzz/vau.py -max_total_time=600
    python tests/fuzz/vau.py --plant=kind -max_total_time=60    # must find it, and ends with status 77

Options and corpus as those of `codec.py`; the keys are of this run, and so is what they have sealed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

# The tests' own folder is where shared test code lies.
sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["ti_adapter.vau", "ti_adapter.simulator", "h11"]):
    from fuzz import vau_targets
    from fuzz.run import run


if __name__ == "__main__":
    run(vau_targets, max_len=8192)
