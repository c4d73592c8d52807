"""Fuzz the readers of OCSP answers and trust-service status lists with atheris.

    python tests/fuzz/pki.py -max_total_time=600
    python tests/fuzz/pki.py --plant=certHash -max_total_time=60    # must find it, and ends with status 77

Options and corpus as those of `codec.py`; the keys are of this run, and so is what they have signed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

# The tests' own folder is where shared test code lies.
sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["ti_adapter.pki"]):
    from fuzz import pki_targets
    from fuzz.run import run


if __name__ == "__main__":
    run(pki_targets, max_len=16384)
