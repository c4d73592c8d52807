"""Fuzz the codec and the header parser with atheris.

    python tests/fuzz/codec.py -max_total_time=600
    python tests/fuzz/codec.py --plant=fragment -max_total_time=60    # must find it, and ends with status 77

Options with one dash are libFuzzer's. The corpus is made anew by code in a temporary folder; a folder given as an
argument is used in its place and kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

# The tests' own folder is where shared test code lies.
sys.path.insert(0, str(Path(__file__).parents[1]))
with atheris.instrument_imports(include=["linkexchange.dicom", "linkexchange.dataset"]):
    from fuzz import targets
    from fuzz.run import run


if __name__ == "__main__":
    run(targets)
