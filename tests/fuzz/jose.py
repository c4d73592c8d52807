"""Fuzz what reads the tokens of an IDP and of a PoPP service with atheris.

    python tests/fuzz/jose.py -max_total_time=600
    python tests/fuzz/jose.py --plant=object -max_total_time=60    # must find it, and ends with status 77

Options and corpus as those of `codec.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

# The tests' own folder is where shared test code lies.
sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["ti_adapter.idp", "ti_adapter.popp", "ti_adapter.compact"]):
    from fuzz import tokens
    from fuzz.run import run


if __name__ == "__main__":
    run(tokens)
