"""The process in which images are decoded: `python -m linkexchange.transcoding.worker MEMORY_BYTES SECONDS`.

It says that it is there, reads an instance from its standard input, answers on its standard output, and waits for the
next until that input ends. It has imported all it needs before it gives up the rest: more memory, files, a dump of its
memory.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from linkexchange.errors import InstanceFault, SyntaxRefused
from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.transcoding.conversion import Converted, Piece, convert, gather
from linkexchange.transcoding.frames import frames, read_frame, write_frame

_PR_SET_DUMPABLE = 4


def main() -> None:
    """Serve one instance after the other."""
    memory_bytes, seconds = int(sys.argv[1]), float(sys.argv[2])
    source, sink = _pipes()
    _confine(memory_bytes)
    warnings.simplefilter("ignore")
    try:
        write_frame(sink, b"")
        sink.flush()
        while _serve(read_frame(source), source, sink, room_bytes=memory_bytes, seconds=seconds):
            pass
    except (EOFError, BrokenPipeError):
        return


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Ours alone: what a codec prints goes nowhere."""
    source, sink = (os.fdopen(os.dup(number), mode) for number, mode in ((0, "rb"), (1, "wb")))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return source, sink


def _confine(memory_bytes: int) -> None:
    """No file is written from here on, and no core: both would hold an image."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    ceiling = pages * resource.getpagesize() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _serve(job: bytes, source: IO[bytes], sink: IO[bytes], *, room_bytes: int, seconds: float) -> bool:
    """Convert one instance; says whether this process is still as good as new."""
    chunks, sound = frames(source), True
    pieces: list[Piece] = []
    try:
        converted = _convert(job, chunks, room_bytes=room_bytes, seconds=seconds)
        pieces, answer = converted.pieces, _promise(converted)
    except (InstanceFault, SyntaxRefused) as fault:
        answer = _refusal(fault)
    except MemoryError:
        answer, sound = _refusal(InstanceFault("it takes too much memory to decode"), sound=False), False
    except Exception as wrong:
        answer, sound = _refusal(InstanceFault(f"it cannot be decoded: {type(wrong).__name__}"), sound=False), False
    signal.setitimer(signal.ITIMER_REAL, 0)
    for _ in chunks:
        """What was refused early is read to its end."""
    _give(answer, pieces, sink)
    return sound


def _convert(job: bytes, chunks: Iterator[bytes], *, room_bytes: int, seconds: float) -> Converted:
    """The time runs from the last byte on, and takes the whole process along: no codec can hold that up."""
    stored, target = (TransferSyntaxUid(syntax) for syntax in json.loads(job))
    gathered = gather(stored, chunks, room_bytes=room_bytes)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    return convert(stored, target, gathered)


def _promise(converted: Converted) -> dict[str, Any]:
    length = converted.length
    return {"length": length, "before": converted.before, "after": converted.after, "owes": length > 0}


def _refusal(fault: InstanceFault | SyntaxRefused, *, sound: bool = True) -> dict[str, Any]:
    """Who is not sound owes for ever, and is not asked again."""
    return {"fault": fault.code, "detail": fault.detail, "owes": not sound}


def _give(answer: dict[str, Any], pieces: list[Piece], sink: IO[bytes]) -> None:
    write_frame(sink, json.dumps(answer).encode())
    for piece in pieces:
        sink.write(piece)
    sink.flush()


if __name__ == "__main__":
    main()
