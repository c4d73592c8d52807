"""A worker process as its owner sees it. Bytes go in and out through pipes; nothing is ever a file.

A codec that crashes, eats memory or never ends takes only its worker along: the owner sees the pipe end, and says that
this one instance cannot be read. A worker that does not even start, or that the system kills, says nothing of any
instance: then this node has no transcoder.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, ClassVar, cast

from linkexchange.errors import InstanceFault, SyntaxRefused, TranscoderUnavailable, TransferInterrupted
from linkexchange.model.identifiers import Sha256, TransferSyntaxUid
from linkexchange.ports import CHUNK_MAX_BYTES
from linkexchange.transcoding.frames import read_frame, write_frame

_MODULE = "linkexchange.transcoding.worker"
# The node's environment holds secrets, so a worker gets only what an interpreter may need to start. Threads of a
# linear algebra that nobody uses would take address space, which is what is limited.
_PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")
_OWN = {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_START_SECONDS = 30.0
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use: memory beyond what it has when it starts, and time for one instance.

    The time counts from the last byte of the instance on, so that a slow line is no reason to give up.
    """

    memory_bytes: int = 1 << 30
    seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker says before it gives out a data set: its length, and the digests of the pixel data."""

    length: int
    before: Sha256 | None
    after: Sha256 | None


class Worker:
    """One worker process. It belongs to one thread at a time; only `kill` may be called by others."""

    _faults: ClassVar = {kind.code: kind for kind in (InstanceFault, SyntaxRefused)}

    def __init__(self, limits: Limits) -> None:
        self._process = _started(limits)
        self._patience_seconds = limits.seconds + _START_SECONDS
        self._ready = self._busy = False
        self._killed = False

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether it runs and owes nothing."""
        return not self._busy and self._process.poll() is None

    def ask(self, stored: TransferSyntaxUid, target: TransferSyntaxUid, chunks: Iterable[bytes]) -> Answer:
        """Hand over an instance and wait until it is converted.

        Raises `SyntaxRefused`, `InstanceFault` or `TranscoderUnavailable`.
        """
        self._busy = True
        try:
            self._await_start()
            self._hand_over(json.dumps([stored, target]).encode(), chunks)
            answer = json.loads(self._read(self._patience_seconds))
        except (BrokenPipeError, EOFError) as gone:
            raise self._death() from gone
        self._busy = answer["owes"]
        if "fault" in answer:
            raise self._faults[answer["fault"]](answer["detail"])
        before, after = (Sha256(digest) if digest else None for digest in (answer["before"], answer["after"]))
        return Answer(answer["length"], before, after)

    def take(self, length: int) -> Iterator[bytes]:
        """The converted data set, as it is asked for; after its end the worker is free again."""
        while length:
            chunk = self._pipe_out.read(min(length, CHUNK_MAX_BYTES))
            if not chunk:
                raise self._death()
            length -= len(chunk)
            self._busy = length > 0
            yield chunk

    def kill(self) -> None:
        """End it, from any thread: whoever waits for it raises `TransferInterrupted`."""
        self._killed = True
        self._process.kill()

    def close(self) -> None:
        """End it, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._pipe_in, self._pipe_out):
            with suppress(BrokenPipeError):
                pipe.close()

    @property
    def _pipe_in(self) -> IO[bytes]:
        return cast(IO[bytes], self._process.stdin)

    @property
    def _pipe_out(self) -> IO[bytes]:
        return cast(IO[bytes], self._process.stdout)

    def _hand_over(self, job: bytes, chunks: Iterable[bytes]) -> None:
        write_frame(self._pipe_in, job)
        for chunk in chunks:
            if chunk:
                write_frame(self._pipe_in, chunk)
        write_frame(self._pipe_in, b"")
        self._pipe_in.flush()

    def _await_start(self) -> None:
        """Its first word is that it has imported all it needs."""
        if not self._ready:
            self._read(_START_SECONDS)
            self._ready = True

    def _read(self, patience_seconds: float) -> bytes:
        """A worker ends itself when its time is over; this patience is for one that cannot even do that."""
        poll = select.poll()
        poll.register(self._pipe_out, select.POLLIN)
        if not poll.poll(patience_seconds * 1000):
            self._process.kill()
        return read_frame(self._pipe_out)

    def _death(self) -> InstanceFault | TranscoderUnavailable | TransferInterrupted:
        if self._killed:
            return TransferInterrupted("stopped")
        if not self._ready:
            return TranscoderUnavailable("its process does not start")
        try:
            status = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            return InstanceFault("its decoder does not answer")
        if status == -signal.SIGKILL:
            return TranscoderUnavailable("its process was killed, as by a system that is short of memory")
        too_long = status == -signal.SIGALRM
        return InstanceFault("it takes too long to decode" if too_long else "its decoder failed")


def _started(limits: Limits) -> subprocess.Popen[bytes]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE, str(limits.memory_bytes), str(limits.seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=passed_on | _OWN,
            start_new_session=True,
        )
    except OSError as wrong:
        raise TranscoderUnavailable("its process does not start") from wrong
