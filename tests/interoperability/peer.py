"""gematik's libraries, each in a Java process. They are built outside of this project: a variable has the class path.

Only the few lines that drive them are compiled here, and kept in a cache that is named after them. JAVA_HOME names the
JDK, where the `java` at hand is older than what a library wants.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from kept_tools import kept, run
from peers.ground import require

HERE = Path(__file__).parent
SECONDS = 60


class PeerRefused(Exception):
    """The other end raised an exception, whose name this is."""


class Peer:
    """A library that is told words and bytes."""

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
            raise PeerRefused(answer.removeprefix("refused "))
        return bytes.fromhex(answer)


@dataclass(frozen=True)
class Library:
    """Its name, the variable with its class path, and the folder with the lines that drive it."""

    name: str
    variable: str
    folder: str

    @contextmanager
    def running(self, *arguments: str | Path) -> Iterator[Peer]:
        """Skips the test where Java or the library cannot be had."""
        driver = HERE / self.folder / "Peer.java"
        path = f"{kept([driver], lambda folder: self._compile(driver, folder))}{os.pathsep}{self.class_path()}"
        command = [java("java"), "-cp", path, "Peer", *map(str, arguments)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            yield Peer(process)
            assert process.stdin
            process.stdin.close()

    def version(self) -> str:
        """As the name of its archive says."""
        found = re.search(rf"{self.name}-([0-9][0-9.]*)\.jar", self.class_path())
        return found[1] if found else "of unknown version"

    def class_path(self) -> str:
        """Skips the test where there is none."""
        path = os.environ.get(self.variable)
        if not path:
            pytest.skip(f"{self.variable} is no class path with gematik's {self.name}")
        return path

    def _compile(self, driver: Path, folder: Path) -> None:
        command = [java("javac"), "--release", "17", "-cp", self.class_path(), "-d", ".", str(driver)]
        run(command, folder, SECONDS)


def java(program: str) -> str:
    """A program of the JDK. Skips the test where it is not there."""
    home = os.environ.get("JAVA_HOME")
    if home:
        return f"{home}/bin/{program}"
    require(program)
    return program


LIB_VAU = Library("lib-vau", "LIB_VAU", "lib_vau")
LIB_IHE_XDS = Library("lib-ihe-xds", "LIB_IHE_XDS", "lib_ihe_xds")
