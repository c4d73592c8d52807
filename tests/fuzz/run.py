"""What the fuzzing scripts share: options, the corpus that is made anew, limits."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import atheris

_PLANT = "--plant="


def run(targets: ModuleType, *, max_len: int = 4096) -> None:
    """Fuzz `targets.one_input` from `targets.seeds`, with at most `max_len` bytes; a bug may be planted by name."""
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
        limits = ["-timeout=5", "-rss_limit_mb=512", f"-max_len={max_len}", f"-artifact_prefix={folder}/"]
        atheris.Setup([sys.argv[0], *limits, *arguments], alarm_off(targets.one_input))
        atheris.Fuzz()


def alarm_off(one_input: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The same, but a finding turns libFuzzer's alarm off.

    Nobody hears it any more while Python ends, and it would end the process by itself, with another status.
    """

    def run_one(content: bytes) -> None:
        try:
            one_input(content)
        except BaseException:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise

    return run_one
