"""What the fuzzing scripts share: options, the corpus that is made anew, limits."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import ModuleType

import atheris

_PLANT = "--plant="
_LIMITS = ["-timeout=5", "-rss_limit_mb=512", "-max_len=4096"]


def run(targets: ModuleType) -> None:
    """Fuzz `targets.one_input` from `targets.seeds`; a bug may be planted by name."""
    planted = [it.removeprefix(_PLANT) for it in sys.argv[1:] if it.startswith(_PLANT)]
    arguments = [it for it in sys.argv[1:] if not it.startswith(_PLANT)]
    for name in planted:
        targets.plant(name)
    with tempfile.TemporaryDirectory(prefix="linkexchange-fuzz-") as folder:
        if not any(not it.startswith("-") for it in arguments):
            for number, seed in enumerate(targets.seeds()):
                (Path(folder) / f"seed-{number}").write_bytes(seed)
            arguments.append(folder)
        atheris.Setup([sys.argv[0], *_LIMITS, f"-artifact_prefix={folder}/", *arguments], targets.one_input)
        atheris.Fuzz()
