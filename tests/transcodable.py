"""Images that a destination may not want as they are: shipped ones, and noise that encoders of others compress."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import peers
import rawdicom as raw
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames

from linkexchange.dataset import part10_head, split_part10
from linkexchange.model.identifiers import SopClassUid, SopInstanceUid, TransferSyntaxUid
from linkexchange.ports import CHUNK_MAX_BYTES, IncomingInstance

SECONDARY_CAPTURE = SopClassUid("1.2.840.10008.5.1.4.1.1.7")
INSTANCE = SopInstanceUid("2.25.1")


def shipped(name: str) -> Path:
    return raw.SHIPPED / "test_files" / name


def incoming(file: Path | bytes) -> IncomingInstance:
    """An instance as it comes from an origin."""
    meta, rest = split_part10([file if isinstance(file, bytes) else file.read_bytes()])
    chunks = raw.pieces(b"".join(rest), CHUNK_MAX_BYTES)
    return IncomingInstance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, chunks)


def by_hand(content: bytes, syntax: str) -> IncomingInstance:
    """The same of a data set that no library would write."""
    return IncomingInstance(
        SECONDARY_CAPTURE, INSTANCE, TransferSyntaxUid(syntax), raw.pieces(content, CHUNK_MAX_BYTES)
    )


def opened(instance: IncomingInstance) -> FileDataset:
    """An instance read by pydicom; its chunks are taken."""
    head = part10_head(instance.sop_class, instance.sop_instance, instance.transfer_syntax)
    return dcmread(io.BytesIO(head + b"".join(instance.chunks)))


def noise(
    *, bits: int = 16, stored: int = 12, signed: bool = False, photometric: str = "MONOCHROME2", frames: int = 1
) -> Dataset:
    """An uncompressed image in which every bit that may be used is used."""
    samples, rows, columns = 1 if photometric.startswith("MONO") else 3, 37, 41
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.PatientName, ds.PatientID = SECONDARY_CAPTURE, INSTANCE, "A^B", "1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "2.25.2", "2.25.3"
    ds.Rows, ds.Columns, ds.NumberOfFrames = rows, columns, frames
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = samples, photometric, 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, stored, stored - 1, int(signed)
    low, high = (-(1 << stored - 1), 1 << stored - 1) if signed else (0, 1 << stored)
    pixels = np.random.default_rng(7).integers(low, high, size=frames * rows * columns * samples)
    content = pixels.astype(f"<{'i' if signed else 'u'}{bits // 8}").tobytes()
    ds.add_new(0x7FE00010, "OB" if bits == 8 else "OW", content + b"\0" * (len(content) % 2))
    return ds


def part10(ds: Dataset, syntax: str = raw.EXPLICIT) -> bytes:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def compressed(ds: Dataset, codes: list[bytes], syntax: str) -> bytes:
    """The file of an image whose frames were compressed one by one."""
    ds.PixelData = encapsulate(codes)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return part10(ds, syntax)


def dcmtk(command: str, folder: Path, file: bytes) -> bytes:
    """What a converter of DCMTK makes of a file."""
    program, *options = command.split()
    peers.require(program)
    before, after = folder / "before.dcm", folder / "after.dcm"
    before.write_bytes(file)
    subprocess.run([program, *options, before, after], check=True)
    return after.read_bytes()


def frames(ds: Dataset) -> Iterator[bytes]:
    """The compressed frames of an image."""
    yield from generate_frames(ds.PixelData, number_of_frames=ds.get("NumberOfFrames", 1))
