"""`linkexchange digest`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from linkexchange import dataset
from linkexchange.errors import InstanceFault
from linkexchange.ports import CHUNK_MAX_BYTES


def digest(
    files: Annotated[list[Path], typer.Argument(help="DICOM files, as a PACS gives them out.", exists=True)],
) -> None:
    """Print the digests of DICOM files, as they stand in a proof: of the data set, of its pixel data, and the file."""
    told = [_tell(file) for file in files]
    if not all(told):
        raise typer.Exit(1)


def _tell(file: Path) -> bool:
    try:
        meta, rest = dataset.split_part10(_read(file))
        meter = dataset.Meter(meta.transfer_syntax)
        for _ in meter.through(rest):
            pass
    except (InstanceFault, OSError) as fault:
        typer.echo(f"{file}: {fault}", err=True)
        return False
    typer.echo(f"{meter.digest}  {meter.pixels or '-':64}  {file}")
    return True


def _read(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_MAX_BYTES):
            yield chunk
