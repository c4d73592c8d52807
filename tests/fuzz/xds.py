"""Fuzz the readers of an XDS Document Service's answers: MTOM, SOAP, ebRIM with atheris.

    python tests/fuzz/xds.py -max_total_time=600
    python tests/fuzz/xds.py --plant=element -max_total_time=60    # must find it, and ends with status 77

Options and corpus as those of `codec.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

# The tests' own folder is where shared test code lies.
sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["ti_adapter.epa", "ti_adapter.xml_tree"]):
    from fuzz import xds_targets
    from fuzz.run import run


if __name__ == "__main__":
    run(xds_targets, max_len=16384)
