from __future__ import annotations

from io import BytesIO

import pytest
import rawdicom as raw
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.filereader import read_file_meta_info

from linkexchange.dataset import IMPLEMENTATION_CLASS_UID, FileMeta, part10_head, split_part10
from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import SopClassUid, SopInstanceUid, TransferSyntaxUid

META = FileMeta(SopClassUid("1.2.840.10008.5.1.4.1.1.2"), SopInstanceUid("1.2.3"), TransferSyntaxUid(raw.EXPLICIT))
HEAD = part10_head(META.sop_class, META.sop_instance, META.transfer_syntax)
NAME = raw.element(0x00100010, "PN", b"A^B ")
# Files whose meta information lacks what is required of it.
INCOMPLETE = {"empty_charset_LEI.dcm", "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm"}


def test_pydicom_reads_the_head_as_it_is_meant() -> None:
    meta = dcmread(BytesIO(HEAD + NAME)).file_meta
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID) == (
        META.sop_class,
        META.sop_instance,
        META.transfer_syntax,
    )


def test_the_head_names_this_implementation() -> None:
    assert dcmread(BytesIO(HEAD + NAME)).file_meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID


def test_the_group_length_is_that_of_the_group() -> None:
    assert dcmread(BytesIO(HEAD + NAME)).file_meta.FileMetaInformationGroupLength == len(HEAD) - 144


@given(st.lists(st.integers(0, len(HEAD + NAME))))
def test_a_file_is_split_wherever_its_chunks_end(cuts: list[int]) -> None:
    file, ends = HEAD + NAME, sorted(cuts)
    chunks = [file[start:end] for start, end in zip([0, *ends], [*ends, len(file)], strict=True)]
    meta, rest = split_part10(chunks)
    assert (meta, b"".join(rest)) == (META, NAME)


@pytest.mark.parametrize("path", raw.shipped_files(), ids=lambda path: path.name)
def test_the_head_of_every_shipped_file_is_read_as_pydicom_reads_it(path: raw.Path) -> None:
    if path.name in INCOMPLETE:
        with pytest.raises(InstanceFault):
            split_part10([path.read_bytes()])
        return
    meta, theirs = split_part10([path.read_bytes()])[0], read_file_meta_info(path)
    assert (meta.sop_class, meta.sop_instance, meta.transfer_syntax) == (
        theirs.MediaStorageSOPClassUID,
        theirs.MediaStorageSOPInstanceUID,
        theirs.TransferSyntaxUID,
    )


def test_a_file_without_group_length_is_read_as_far_as_the_group_goes() -> None:
    without = HEAD[:132] + HEAD[144:]
    assert split_part10([without + NAME])[0] == META


def test_d_06_whatever_stands_in_the_preamble_is_dropped() -> None:
    _, rest = split_part10([b"MZ\x90\0" * 32 + HEAD[128:] + NAME])
    assert b"".join(rest) == NAME


def _with_length(length: int) -> bytes:
    return HEAD[:140] + length.to_bytes(4, "little") + HEAD[144:] + NAME


@pytest.mark.parametrize(
    ("file", "complaint"),
    [
        (b"", "cut off"),
        (b"GIF89a" * 100, "DICM is missing"),
        (HEAD[:-1], "cut off"),
        (_with_length(len(HEAD) - 144 - 2), "not the length of the group"),
        (_with_length(len(HEAD) - 144 + 2), "not the length of the group"),
        (_with_length(0xFFFFFFFF), "not the length of the group"),
        (HEAD[:144] + raw.element(0x00020002, "OB", length=0xFFFFFFF0) + HEAD, "not the length of the group"),
        (HEAD[:132] + raw.element(0x00020002, "OB", length=0xFFFFFFF0), "too large"),
        (HEAD[:132] + raw.element(0x00020002, "UI", b"1.02"), "(0002,0002) is missing or malformed"),
        (HEAD[:132] + raw.element(0x00020002, "UI", b"1.2\0"), "(0002,0003) is missing or malformed"),
    ],
)
def test_a_malformed_head_is_a_fault(file: bytes, complaint: str) -> None:
    with pytest.raises(InstanceFault) as caught:
        split_part10([file])
    assert complaint in caught.value.detail
