from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ti_adapter.konnektor import reading
from ti_adapter.konnektor.errors import Malformed, MessageMalformed

BOMB = b'<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><b>&b;</b>'


def refusal(content: bytes) -> Malformed:
    with pytest.raises(MessageMalformed) as refused:
        reading.parse(content)
    reason = refused.value.reason
    assert isinstance(reason, Malformed)
    return reason


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p">]><a/>',
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>',
        BOMB,
        BOMB.decode().encode("utf-16"),
    ],
    ids=["plain", "external", "parameter entity", "file", "bomb", "bomb in UTF-16"],
)
def test_l09_every_dtd_is_refused(content: bytes) -> None:
    assert refusal(content) is Malformed.DTD


def test_l09_an_entity_in_an_attribute_does_not_grow() -> None:
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 50 if n else b"a" * 50) for n in range(8))
    assert refusal(b"<!DOCTYPE a [" + entities + b']><a b="&e7;"/>') in {Malformed.DTD, Malformed.XML}


def test_l09_xinclude_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    include = f'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{tmp_path}/secret" parse="text"/>'
    root = reading.parse(f"<a>{include}</a>".encode())
    assert "secret" not in "".join(root.itertext())


def test_t18_a_comment_or_instruction_does_not_split_a_value() -> None:
    root = reading.parse(b"<a><b>VERI<!-- x -->FI<?p x?>ED</b></a>")
    assert reading.text(root, "b") == "VERIFIED"


def test_a_message_beyond_4_mib_is_not_parsed() -> None:
    assert refusal(b"<a>" + bytes(reading.BYTES_MAX) + b"</a>") is Malformed.SIZE


def test_more_tags_than_any_answer_has_are_not_parsed() -> None:
    assert refusal(b"<a>" + b"<b/>" * reading.MARKS_MAX + b"</a>") is Malformed.SIZE


@pytest.mark.parametrize("depth", [reading.DEPTH_MAX + 1, 100])
def test_deep_messages_are_refused(depth: int) -> None:
    assert refusal(b"<a>" * depth + b"</a>" * depth) is Malformed.SIZE


@pytest.mark.parametrize("content", [b"", b"<a>", b"{}", b"<a/><b/>", b"<a>\xff</a>", b"<a:b/>"])
def test_what_is_no_xml_is_refused_without_being_repeated(content: bytes) -> None:
    assert refusal(content) is Malformed.XML


@pytest.mark.parametrize("content", [b"<a/>", b"<a><b>1</b><b>2</b></a>", b"<a><b><c/></b></a>"])
def test_a_value_stands_in_one_element_without_children(content: bytes) -> None:
    with pytest.raises(MessageMalformed) as refused:
        reading.text(reading.parse(content), "b")
    assert refused.value.where == "b"


def test_what_is_optional_may_be_left_out_but_not_stand_twice() -> None:
    assert reading.maybe_text(reading.parse(b"<a/>"), "b") is None
    with pytest.raises(MessageMalformed):
        reading.maybe_text(reading.parse(b"<a><b/><b/></a>"), "b")


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (reading.binary, "no base64!"),
        (reading.binary, "YQ"),
        (reading.boolean, "yes"),
        (reading.moment, "yesterday"),
        (reading.day, "2026-13-01"),
        (reading.number, "1e3"),
        (reading.number, "٣"),
        (reading.number, "1" * 5000),
    ],
)
def test_a_value_of_another_kind_is_refused_and_not_repeated(read: object, content: str) -> None:
    root = reading.parse(f"<a><b>{content}</b></a>".encode())
    with pytest.raises(MessageMalformed) as refused:
        reading.value(root, "b", read)
    assert refused.value.reason is Malformed.VALUE
    assert content not in str(refused.value)


def test_values_are_read_as_xml_schema_writes_them() -> None:
    assert reading.binary("YW\n  I=") == b"ab"
    assert reading.boolean("1")
    assert reading.moment("2026-03-01T12:00:00.5Z") == datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
    assert reading.moment("2026-03-01T12:00:00") == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert reading.day("2026-03-01+01:00") == date(2026, 3, 1)
