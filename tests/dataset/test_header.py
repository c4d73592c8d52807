from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import rawdicom as raw
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from linkexchange.dataset import InstanceHeader, Meter, examine, read_header, split_part10
from linkexchange.dataset.header import HEADER_MAX_BYTES
from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.model.patient import KVNR_ISSUER

KVNR = "X110411319"
UIDS_BEFORE = raw.element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0") + raw.element(0x00080018, "UI", b"1.2.3\0")
UIDS_AFTER = raw.element(0x0020000D, "UI", b"1.2\0") + raw.element(0x0020000E, "UI", b"1.2.4\0")
READABLE = ["CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm", "test-SR.dcm"]
COMPLETE = [
    path
    for path in raw.shipped_files()
    if path.name not in {"SC_rgb_jpeg.dcm", "winter.dcm", "meta_missing_tsyntax.dcm"}
    and {"StudyInstanceUID", "SOPInstanceUID"} <= set(dcmread(path, stop_before_pixels=True).dir())
]


def header(patient: bytes = b"", *, charset: bytes = b"ISO_IR 100") -> InstanceHeader:
    content = raw.element(0x00080005, "CS", charset) + UIDS_BEFORE + patient + UIDS_AFTER
    return read_header(TransferSyntaxUid(raw.EXPLICIT), [content])[0]


def number(value: str, issuer: str) -> bytes:
    return raw.element(0x00100020, "LO", value.encode()) + raw.element(0x00100021, "LO", issuer.encode())


def qualified(value: str, oid: str) -> bytes:
    qualifiers = raw.item(raw.element(0x00400032, "UT", oid.encode()), undefined=True)
    return raw.element(0x00100020, "LO", value.encode()) + raw.sequence(0x00100024, qualifiers, undefined=True)


@pytest.mark.parametrize("path", COMPLETE, ids=lambda path: path.name)
def test_every_shipped_file_is_read_as_pydicom_reads_it(path: raw.Path) -> None:
    meta, rest = split_part10([path.read_bytes()])
    ours, theirs = read_header(meta.transfer_syntax, rest)[0], dcmread(path)
    assert (ours.study, ours.series, ours.sop_class, ours.sop_instance) == (
        theirs.StudyInstanceUID,
        theirs.SeriesInstanceUID,
        theirs.SOPClassUID,
        theirs.SOPInstanceUID,
    )
    assert (ours.patient.patient_id, ours.patient.name.rstrip("=")) == (
        theirs.get("PatientID", "").strip(),
        str(theirs.get("PatientName", "")).rstrip("="),
    )


@given(st.data())
def test_every_byte_is_given_back_wherever_chunks_end(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(READABLE))
    meta, rest = split_part10([(raw.SHIPPED / "test_files" / name).read_bytes()])
    content = b"".join(rest)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=5)))
    chunks = [content[start:end] for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    assert b"".join(read_header(meta.transfer_syntax, chunks)[1]) == content


@given(st.data())
def test_what_is_examined_is_measured_as_if_it_were_followed_twice(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(READABLE))
    meta, rest = split_part10([(raw.SHIPPED / "test_files" / name).read_bytes()])
    content = b"".join(rest)
    chunks = list(raw.pieces(content, data.draw(st.integers(1, len(content)))))
    header, meter, same = examine(meta.transfer_syntax, chunks)
    plain = Meter(meta.transfer_syntax)
    assert b"".join(same) == b"".join(plain.through(chunks)) == content
    assert header == read_header(meta.transfer_syntax, chunks)[0]
    assert (meter.bytes, meter.digest, meter.pixels) == (plain.bytes, plain.digest, plain.pixels)


def test_a_fault_behind_the_header_comes_before_a_byte_is_given_where_it_has_arrived() -> None:
    nonsense = raw.element(0x00280010, "US", b"\0\1") + b"\x28\0\x11\0??\2\0\0\1" + raw.element(0x7FE00010, "OW", b"12")
    with pytest.raises(InstanceFault, match=r"\(0028,0011\)"):
        examine(TransferSyntaxUid(raw.EXPLICIT), [UIDS_BEFORE + UIDS_AFTER + nonsense])


def test_no_more_chunks_are_taken_than_the_header_needs() -> None:
    taken = []

    def chunks() -> Iterator[bytes]:
        for chunk in (UIDS_BEFORE, UIDS_AFTER, raw.element(0x00280010, "US", b"\0\1"), b"pixels"):
            taken.append(chunk)
            yield chunk

    read_header(TransferSyntaxUid(raw.EXPLICIT), chunks())
    assert taken[-1] != b"pixels"


def test_closing_the_bytes_closes_their_source() -> None:
    closed = []

    def chunks() -> Iterator[bytes]:
        try:
            yield UIDS_BEFORE + UIDS_AFTER
            yield raw.element(0x00280010, "US", b"\0\1")
            yield b"pixels"
        finally:
            closed.append(True)

    read_header(TransferSyntaxUid(raw.EXPLICIT), chunks())[1].close()  # type: ignore[attr-defined]
    assert closed


def test_the_patient_is_read() -> None:
    patient = header(
        raw.element(0x00100010, "PN", "Größler^Änne".encode("latin-1"))
        + number("4711", "KLINIK")
        + raw.element(0x00100030, "DA", b"19500228")
        + raw.element(0x00100040, "CS", b"F ")
    ).patient
    assert (patient.name, patient.patient_id, patient.issuer, patient.birth_date, patient.sex, patient.kvnr) == (
        "Größler^Änne",
        "4711",
        "KLINIK",
        date(1950, 2, 28),
        "F",
        "",
    )


@pytest.mark.parametrize(
    "patient",
    [
        number(KVNR, KVNR_ISSUER),
        number(KVNR.lower(), KVNR_ISSUER),
        number(f" {KVNR}", KVNR_ISSUER),
        number(f"{KVNR}  ", KVNR_ISSUER),
        number(KVNR, f"GKV&{KVNR_ISSUER}&ISO"),
        qualified(KVNR, KVNR_ISSUER),
        number("4711", "KLINIK") + raw.sequence(0x00101002, raw.item(number(KVNR, KVNR_ISSUER))),
        number("4711", "KLINIK") + raw.sequence(0x00101002, raw.item(qualified(KVNR, KVNR_ISSUER))),
        number("4711", "KLINIK")
        + raw.sequence(
            0x00101002, raw.item(number("8", "X")), raw.item(number(KVNR, KVNR_ISSUER), undefined=True), undefined=True
        ),
        number(KVNR, KVNR_ISSUER) + raw.sequence(0x00101002, raw.item(number(KVNR, KVNR_ISSUER))),
    ],
)
def test_l_04_the_kvnr_is_found_wherever_it_stands_with_its_issuer(patient: bytes) -> None:
    assert header(patient).patient.kvnr == KVNR


@pytest.mark.parametrize("issuer", ["", "KLINIK", KVNR_ISSUER + "9", "1" + KVNR_ISSUER])
def test_l_04_a_number_of_another_issuer_is_no_kvnr(issuer: str) -> None:
    assert header(raw.sequence(0x00101002, raw.item(number(KVNR, issuer)))).patient.kvnr == ""


def test_l_04_two_kvnrs_are_a_fault() -> None:
    with pytest.raises(InstanceFault, match="two insured persons"):
        header(number(KVNR, KVNR_ISSUER) + raw.sequence(0x00101002, raw.item(number("A123456780", KVNR_ISSUER))))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        UIDS_BEFORE,
        UIDS_AFTER,
        UIDS_BEFORE + raw.element(0x0020000D, "UI", b"1.2") + raw.element(0x0020000E, "UI", b"../../etc\0"),
        UIDS_BEFORE + raw.element(0x0020000D, "UI", b"1.2\\1.3\0") + raw.element(0x0020000E, "UI", b"1.2.4\0"),
        UIDS_BEFORE + UIDS_AFTER + raw.element(0x00100020, "LO", b"SMUGGLED"),
    ],
)
def test_a_header_without_its_uids_or_out_of_order_is_a_fault_that_quotes_no_value(content: bytes) -> None:
    with pytest.raises(InstanceFault) as caught:
        read_header(TransferSyntaxUid(raw.EXPLICIT), [content])
    assert not any(value in str(caught.value) for value in ("etc", "1.3", "SMUGGLED"))


def test_a_header_without_end_is_a_fault() -> None:
    head = UIDS_BEFORE + raw.element(0x00091001, "OB", length=0xFFFFFFF0)
    endless = (chunk for chunk in (head, *[bytes(1 << 20)] * 10))
    with pytest.raises(InstanceFault, match="too large"):
        read_header(TransferSyntaxUid(raw.EXPLICIT), endless)
    assert len(list(endless)) == 10 - HEADER_MAX_BYTES // (1 << 20)
