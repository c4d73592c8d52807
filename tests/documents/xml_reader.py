"""Reads the hostile XML of the folder that its argument names, in a process of its own that others watch."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from linkexchange.documents import read
from linkexchange.errors import DocumentFault
from linkexchange.model.link import Document, MediaType


def main(folder: Path) -> None:
    """Say which one is read next, so that what the kernel sees has its cause."""
    for file in sorted(folder.iterdir()):
        content = file.read_bytes()
        with suppress(DocumentFault):
            read(Document(content, MediaType.XML))
            raise SystemExit(f"{file.name} was not refused")
    sys.stdout.write("all refused\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
