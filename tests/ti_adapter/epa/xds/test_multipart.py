"""MTOM bodies: what is packed is read again, and what is hostile is refused for its own reason."""

from __future__ import annotations

from contextlib import suppress
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ti_adapter.epa.xds.errors import Malformed, XdsMalformed
from ti_adapter.epa.xds.multipart import LIMITS, XOP_TYPE, Limits, Package, pack, parse_type, unpack

TYPE = f'multipart/related; type="{XOP_TYPE}"; boundary="b"; start="<r>"'
ROOT = f"--b\r\nContent-Type: {XOP_TYPE}\r\nContent-ID: <r>\r\n\r\n<a/>\r\n".encode()
PART = b"--b\r\nContent-ID: <p>\r\nContent-Transfer-Encoding: binary\r\n\r\nPDF\r\n"
END = b"--b--\r\n"
NAMES = st.from_regex(r"[a-z0-9.]{1,20}@[a-z0-9]{1,8}", fullmatch=True).filter(lambda name: name != "root@xds")
CONTENTS = st.one_of(st.binary(max_size=200), st.sampled_from([b"", b"\r\n", b"--", b"\r\n--b--\r\n", b"\r\n\r\n"]))


def refused(body: bytes, content_type: str = TYPE, limits: Limits = LIMITS) -> Malformed:
    with pytest.raises(XdsMalformed) as caught:
        unpack(body, content_type, limits)
    return Malformed(caught.value.reason)


@given(CONTENTS, st.dictionaries(NAMES, CONTENTS, max_size=5))
def test_what_is_packed_is_read_again_byte_for_byte(root: bytes, parts: dict[str, bytes]) -> None:
    package = Package(root, parts)
    assert unpack(*pack(package, "urn:a")) == package


@given(st.binary(max_size=300), st.text(max_size=60))
def test_any_bytes_are_a_package_or_malformed(body: bytes, content_type: str) -> None:
    for declared in (TYPE, content_type):
        with suppress(XdsMalformed):
            unpack(body, declared)


@given(st.integers(0, 200), st.integers(0, 12), st.sampled_from([b"", b"\r\n", b"--b", b"<", b":", b"\xff", b"\x00"]))
def test_a_damaged_body_is_a_package_or_malformed(at: int, length: int, piece: bytes) -> None:
    body = ROOT + PART + END
    with suppress(XdsMalformed):
        unpack(body[:at] + piece + body[at + length :], TYPE)


def test_pythons_own_reader_of_mail_finds_the_same_parts() -> None:
    body, content_type = pack(Package(b"<a/>", {"p@x": b"%PDF \xff\x00"}), "urn:a")
    read = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    assert [part["Content-ID"] for part in read.walk()] == [None, "<root@xds>", "<p@x>"]
    assert read.get_payload(1).get_payload(decode=True) == b"%PDF \xff\x00"


def test_an_envelope_may_come_alone() -> None:
    assert unpack(b"<a/>", 'application/soap+xml; charset=utf-8; action="urn:a"') == Package(b"<a/>")


def test_the_root_is_the_part_that_start_names() -> None:
    assert unpack(PART + ROOT + END, TYPE) == Package(b"<a/>", {"p": b"PDF"})


def test_without_start_the_root_is_the_first_part() -> None:
    assert unpack(b"\r\n" + ROOT + PART + END, f'multipart/related;boundary=b;type="{XOP_TYPE}"').root == b"<a/>"


def test_a_quoted_parameter_may_hold_what_is_escaped() -> None:
    assert parse_type(r'A/B; c="d\"; e=f"')[1] == {"c": 'd"; e=f'}


def many(count: int) -> bytes:
    return b"".join(PART.replace(b"<p>", b"<p%d>" % number) for number in range(count))


HOSTILE = {
    "text/html": (Malformed.CONTENT_TYPE, ROOT + END, "text/html"),
    "no-type": (Malformed.CONTENT_TYPE, ROOT + END, ""),
    "related-but-not-xop": (Malformed.CONTENT_TYPE, ROOT + END, TYPE.replace(XOP_TYPE, "text/xml")),
    "parameter-twice": (Malformed.CONTENT_TYPE, ROOT + END, TYPE + "; boundary=c"),
    "open-quote": (Malformed.CONTENT_TYPE, ROOT + END, TYPE[:-1]),
    "missing-boundary-parameter": (Malformed.BOUNDARY, ROOT + END, f'multipart/related; type="{XOP_TYPE}"'),
    "boundary-too-long": (Malformed.BOUNDARY, ROOT + END, TYPE.replace('"b"', f'"{"b" * 71}"')),
    "boundary-nowhere": (Malformed.BOUNDARY, b"<a/>", TYPE),
    "empty": (Malformed.BOUNDARY, b"", TYPE),
    "preamble": (Malformed.BOUNDARY, b"x\r\n" + ROOT + END, TYPE),
    "epilogue": (Malformed.BOUNDARY, ROOT + END + b"x", TYPE),
    "broken-off": (Malformed.BOUNDARY, (ROOT + PART + END)[:-12], TYPE),
    "longer-boundary": (Malformed.BOUNDARY, ROOT + PART.replace(b"--b", b"--bb") + END, TYPE),
    "10000-parts": (Malformed.PARTS, ROOT + many(10_000) + END, TYPE),
    "gzip-part": (
        Malformed.PART_ENCODING,
        ROOT + PART.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + END,
        TYPE,
    ),
    "base64-part": (Malformed.PART_ENCODING, ROOT + PART.replace(b"binary", b"base64") + END, TYPE),
    "header-without-end": (Malformed.PART_HEADER, ROOT + b"--b\r\nContent-ID: <p>\r\n" + END, TYPE),
    "header-too-long": (Malformed.PART_HEADER, ROOT + PART.replace(b"--b", b"--b\r\nA: " + b"a" * 5000) + END, TYPE),
    "header-twice": (
        Malformed.PART_HEADER,
        ROOT + PART.replace(b"Content-T", b"Content-ID: <q>\r\nContent-T") + END,
        TYPE,
    ),
    "header-not-ascii": (Malformed.PART_HEADER, ROOT + PART.replace(b"binary", b"bin\xff") + END, TYPE),
    "no-content-id": (Malformed.CONTENT_ID, ROOT + PART.replace(b"Content-ID", b"Content-IX") + END, TYPE),
    "content-id-twice": (Malformed.CONTENT_ID, ROOT + PART + PART + END, TYPE),
    "no-such-start": (Malformed.ROOT, ROOT + END, TYPE.replace("<r>", "<s>")),
    "root-not-xop": (Malformed.ROOT, ROOT.replace(XOP_TYPE.encode(), b"text/xml") + END, TYPE),
    "no-part-at-all": (Malformed.ROOT, END, TYPE),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_l_09_a_hostile_body_is_refused_for_its_own_reason(name: str) -> None:
    reason, body, content_type = HOSTILE[name]
    assert refused(body, content_type) == reason


def test_l_09_a_body_larger_than_the_limit_is_not_looked_at() -> None:
    assert refused(ROOT + END, TYPE, Limits(body_bytes=10)) == Malformed.SIZE


def test_as_many_parts_as_the_limit_are_read() -> None:
    assert len(unpack(ROOT + many(4) + END, TYPE, Limits(parts=5)).parts) == 4
    assert refused(ROOT + many(5) + END, TYPE, Limits(parts=5)) == Malformed.PARTS


def test_no_error_repeats_what_came() -> None:
    with pytest.raises(XdsMalformed) as caught:
        unpack(ROOT + PART.replace(b"binary", b"Mustermann") + END, TYPE)
    assert "Mustermann" not in f"{caught.value!r}{caught.value}"
