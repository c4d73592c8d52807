"""Programs of other makers, fetched once into a cache folder that is named after what they are made of."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from peers.ground import require

NPM_SECONDS = 300


def kept(sources: Sequence[Path], install: Callable[[Path], None]) -> Path:
    """The folder that `install` has filled from these sources.

    It is filled aside, and then put in its place at once: another test process may be doing the same.
    """
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "linkexchange-tests"
    if not (cache / digest).exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as aside:
            folder = Path(aside) / digest
            folder.mkdir()
            install(folder)
            with suppress(OSError):
                folder.rename(cache / digest)
    return cache / digest


def run(command: Sequence[str], folder: Path, seconds: float) -> None:
    """A step of an installation. Skips the test where it cannot be done; in CI, where it must be, fails it."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode:
        reason = f"{command[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-300:]}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


def npm_packages(sources: Path) -> Path:
    """The folder with the packages that a package-lock.json asks for, fetched once from the npm registry.

    npm checks each against the digest in the lock file, and runs no script of theirs. Skips the test where they cannot
    be had; in CI, where they must be, fails it.
    """
    require("node", "npm")
    return kept([sources / "package-lock.json"], lambda folder: _npm_ci(sources, folder))


def _npm_ci(sources: Path, folder: Path) -> None:
    for file in ("package.json", "package-lock.json"):
        shutil.copy(sources / file, folder)
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, NPM_SECONDS)
