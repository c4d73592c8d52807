"""gematik's lib-vau in a Java process. It is built outside of this project: LIB_VAU is its class path.

Only the few lines that drive it are compiled here, and kept in a cache that is named after them.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kept_tools import kept, run
from peers.ground import require

DRIVER = Path(__file__).parent / "lib_vau/Peer.java"
SECONDS = 60


class LibVauRefused(Exception):
    """The other end raised an exception, whose name this is."""


class LibVau:
    """One end of the protocol, as a client or as a server."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def say(self, word: str, body: bytes = b"") -> bytes:
        """A word and a message; the bytes that come back."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{word} {body.hex()}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if answer.startswith("refused"):
            raise LibVauRefused(answer.removeprefix("refused "))
        return bytes.fromhex(answer)


@contextmanager
def running(*arguments: str | Path) -> Iterator[LibVau]:
    """Skips the test where Java or lib-vau cannot be had."""
    require("java", "javac")
    driver = kept([DRIVER], _compile)
    command = ["java", "-cp", f"{driver}{os.pathsep}{_class_path()}", "Peer", *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield LibVau(process)
        assert process.stdin
        process.stdin.close()


def version() -> str:
    """As the name of its archive says."""
    found = re.search(r"lib-vau-([0-9][0-9.]*)\.jar", _class_path())
    return found[1] if found else "of unknown version"


def _class_path() -> str:
    path = os.environ.get("LIB_VAU")
    if not path:
        pytest.skip("LIB_VAU is no class path with gematik's lib-vau")
    return path


def _compile(folder: Path) -> None:
    run(["javac", "-cp", _class_path(), "-d", ".", str(DRIVER)], folder, SECONDS)
