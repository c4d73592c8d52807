"""Fuzz the readers of a Konnektor's answers with atheris.

    python tests/fuzz/konnektor.py -max_total_time=600
    python tests/fuzz/konnektor.py --plant=element -max_total_time=60    # must find it, and ends with status 77

Options with one dash are libFuzzer's. The corpus is made anew by code in a temporary folder; a folder given as an
argument is used in its place and kept.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

# The tests' own folder is where shared test code lies.
sys.path.insert(0, str(Path(__file__).parents[1]))
_PLANT = "--plant="
_LIMITS = ["-timeout=5", "-rss_limit_mb=512", "-max_len=8192"]

with atheris.instrument_imports(include=["ti_adapter.konnektor"]):
    from fuzz import konnektor_targets as targets


def main() -> None:
    planted = [it.removeprefix(_PLANT) for it in sys.argv[1:] if it.startswith(_PLANT)]
    arguments = [it for it in sys.argv[1:] if not it.startswith(_PLANT)]
    seeds = list(targets.seeds())
    for name in planted:
        targets.plant(name)
    with tempfile.TemporaryDirectory(prefix="linkexchange-fuzz-") as folder:
        if not any(not it.startswith("-") for it in arguments):
            for number, seed in enumerate(seeds):
                (Path(folder) / f"seed-{number}").write_bytes(seed)
            arguments.append(folder)
        atheris.Setup([sys.argv[0], *_LIMITS, f"-artifact_prefix={folder}/", *arguments], targets.one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
