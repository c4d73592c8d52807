"""Fuzz the readers of OCSP answers and trust-service status lists with atheris.

    python tests/fuzz/pki.py -max_total_time=600
    python tests/fuzz/pki.py --plant=certHash -max_total_time=60    # must find it, and ends with status 77

Options with one dash are libFuzzer's. The corpus is made anew in a temporary folder, since its keys are of this run.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

# The tests' own folder is where shared test code lies.
sys.path.insert(0, str(Path(__file__).parents[1]))
_PLANT = "--plant="
_LIMITS = ["-timeout=5", "-rss_limit_mb=512", "-max_len=16384"]

with atheris.instrument_imports(include=["ti_adapter.pki"]):
    from fuzz import pki_targets as targets


def main() -> None:
    for name in [it.removeprefix(_PLANT) for it in sys.argv[1:] if it.startswith(_PLANT)]:
        targets.plant(name)
    arguments = [it for it in sys.argv[1:] if not it.startswith(_PLANT)]
    with tempfile.TemporaryDirectory(prefix="ti-adapter-fuzz-") as folder:
        for number, seed in enumerate(targets.seeds()):
            (Path(folder) / f"seed-{number}").write_bytes(seed)
        atheris.Setup([sys.argv[0], *_LIMITS, f"-artifact_prefix={folder}/", *arguments, folder], targets.one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
