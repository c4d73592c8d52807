"""Fuzz the codec and the header parser with atheris.

    python tests/fuzz/codec.py -max_total_time=600
    python tests/fuzz/codec.py --plant=fragment -max_total_time=60    # must find it, and ends with status 77

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
_LIMITS = ["-timeout=5", "-rss_limit_mb=512", "-max_len=4096"]

with atheris.instrument_imports(include=["linkexchange.dicom", "linkexchange.dataset"]):
    from fuzz import targets


def main() -> None:
    planted = [it.removeprefix(_PLANT) for it in sys.argv[1:] if it.startswith(_PLANT)]
    arguments = [it for it in sys.argv[1:] if not it.startswith(_PLANT)]
    for name in planted:
        targets.plant(name)
    with tempfile.TemporaryDirectory(prefix="linkexchange-fuzz-") as folder:
        if not any(not it.startswith("-") for it in arguments):
            write_corpus(Path(folder))
            arguments.append(folder)
        atheris.Setup([sys.argv[0], *_LIMITS, f"-artifact_prefix={folder}/", *arguments], targets.one_input)
        atheris.Fuzz()


def write_corpus(folder: Path) -> None:
    for number, seed in enumerate(targets.seeds()):
        (folder / f"seed-{number}").write_bytes(seed)


if __name__ == "__main__":
    main()
