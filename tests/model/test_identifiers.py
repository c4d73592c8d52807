from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model import identifiers
from linkexchange.model.identifiers import (
    AeTitle,
    Bsnr,
    Identifier,
    Iknr,
    Kvnr,
    LinkId,
    Oid,
    PlainUrl,
    Sha256,
    SopInstanceUid,
    StudyUid,
    TelematikId,
    Uid,
)

KINDS = [
    kind
    for kind in vars(identifiers).values()
    if isinstance(kind, type) and issubclass(kind, Identifier) and kind is not Identifier
]
LINK = LinkId("6f0c1c52-0f1e-4c55-9d0c-5a3c1e0f7a11")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (StudyUid, "1.2.840.10008.1.2"),
        (StudyUid, "0.0"),
        (StudyUid, "2.25." + "9" * 39),
        (StudyUid, "1." + "2" * 62),
        (Oid, "1.2.276.0.76.4.188"),
        (Oid, "2.25.0"),
        (Bsnr, "098765400"),
        (Iknr, "260123451"),
        (TelematikId, "1-20012345678"),
        (TelematikId, "5-2-121212"),
        (TelematikId, "10-x"),
        (TelematikId, "1-" + "x" * 126),
        (AeTitle, "A"),
        (AeTitle, "PACS ARCHIV 1"),
        (AeTitle, "X" * 16),
        (Sha256, "0123456789abcdef" * 4),
        (LinkId, "6f0c1c52-0f1e-4c55-9d0c-5a3c1e0f7a11"),
        (Kvnr, "X110411319"),
        (PlainUrl, "https://viewer.example/"),
        (PlainUrl, "https://viewer.klinik-1.example:8443/studies/2.25.1/a%20b"),
        (PlainUrl, "https://10.0.0.1/"),
    ],
)
def test_a_well_formed_identifier_is_the_string_it_was_made_from(kind: type[Identifier], value: str) -> None:
    assert kind(value) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (StudyUid, "1.2.840.*"),
        (StudyUid, "1.2.?"),
        (StudyUid, "1.2.03"),
        (StudyUid, "1..2"),
        (StudyUid, ".1"),
        (StudyUid, "1."),
        (StudyUid, "1.2\\1.3"),
        (StudyUid, "../../etc/passwd"),
        (StudyUid, "1.2;id"),
        (StudyUid, "1.2\n"),
        (StudyUid, "1.2\x00"),
        (StudyUid, "1.٣"),
        (StudyUid, "1." + "2" * 63),
        (Oid, "3.1"),
        (Oid, "1"),
        (Oid, "urn:oid:1.2"),
        (Oid, "1.02"),
        (Oid, "1." + "2" * 63),
        (Bsnr, "98765400"),
        (Bsnr, "09876540x"),
        (Iknr, "2601234510"),
        (Iknr, "26012345\n"),
        (TelematikId, "0-1"),
        (TelematikId, "5"),
        (TelematikId, "5-"),
        (TelematikId, "5-2 3"),
        (TelematikId, "5-2\n"),
        (TelematikId, "5-ä"),
        (TelematikId, "1-" + "x" * 127),
        (AeTitle, "X" * 17),
        (AeTitle, "A\\B"),
        (AeTitle, "    "),
        (AeTitle, "Ä"),
        (AeTitle, "A\n"),
        (Sha256, "0" * 63),
        (Sha256, "A" * 64),
        (Sha256, "0" * 64 + "\n"),
        (LinkId, "6F0C1C52-0F1E-4C55-9D0C-5A3C1E0F7A11"),
        (LinkId, "6f0c1c520f1e4c559d0c5a3c1e0f7a11"),
        (LinkId, "urn:uuid:6f0c1c52-0f1e-4c55-9d0c-5a3c1e0f7a11"),
        (Kvnr, "x110411319"),
        (Kvnr, " X110411319"),
        (Kvnr, "X11041131"),
        (Kvnr, "X1104113190"),
        (PlainUrl, "http://viewer.example/"),
        (PlainUrl, "https://user:secret@viewer.example/"),
        (PlainUrl, "https://viewer.example/?access_token=secret"),
        (PlainUrl, "https://viewer.example/?"),
        (PlainUrl, "https://viewer.example/#secret"),
        (PlainUrl, "https://viewer.example"),
        (PlainUrl, "https://Viewer.example/"),
        (PlainUrl, "https://viewer.example:443/"),
        (PlainUrl, "https://viewer.example/a/../b"),
        (PlainUrl, "https://viewer.example/a/%2E%2e"),
        (PlainUrl, "https://viewer.example/a b"),
        (PlainUrl, "https://viewer.example/\n"),
        (PlainUrl, "https://viewer.example/" + "x" * 1024),
    ],
)
def test_a_malformed_identifier_is_refused(kind: type[Identifier], value: str) -> None:
    with pytest.raises(ValueError, match=f"not a {kind.__name__}"):
        kind(value)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_identifier_is_empty(kind: type[Identifier]) -> None:
    with pytest.raises(ValueError, match="not a"):
        kind("")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_error_never_repeats_the_value(kind: type[Identifier]) -> None:
    with pytest.raises(ValueError, match="not a") as refused:
        kind("Mustermann\\")
    assert "Mustermann" not in str(refused.value)


@given(st.integers(0, 9))
def test_l_04_of_the_ten_last_digits_only_the_check_digit_is_right(digit: int) -> None:
    if digit == 9:
        assert Kvnr(f"X11041131{digit}")
    else:
        with pytest.raises(ValueError, match="check digit"):
            Kvnr(f"X11041131{digit}")


@given(st.from_regex(r"[A-Z][0-9]{8}", fullmatch=True), st.integers(1, 8), st.integers(1, 9))
def test_l_04_one_wrong_digit_in_a_kvnr_is_noticed(stem: str, place: int, distance: int) -> None:
    kvnr = Kvnr.with_check_digit(stem)
    wrong = (int(kvnr[place]) + distance) % 10
    with pytest.raises(ValueError, match="check digit"):
        Kvnr(f"{kvnr[:place]}{wrong}{kvnr[place + 1 :]}")


@given(st.uuids())
def test_a_link_id_survives_the_way_through_an_oid(number: uuid.UUID) -> None:
    link = LinkId(str(number))
    assert LinkId.from_oid(link.oid) == link
    assert Uid(link.oid)


def test_the_oid_of_a_link_is_that_of_ps3_5_section_b_2() -> None:
    assert LinkId("f81d4fae-7dec-11d0-a765-00a0c91e6bf6").oid == "2.25.329800735698586629295641978511506172918"


@pytest.mark.parametrize(
    "oid",
    [
        "2.25",
        "2.25.",
        "2.26.1",
        "1.2.25.1",
        "2.25.1.2",
        "2.25.007",
        "2.25.-1",
        "2.25.٣",
        "2.25.1 ",
        f"2.25.{1 << 128}",
        "2.25." + "9" * 5000,
    ],
)
def test_an_oid_that_is_no_link_is_refused(oid: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        LinkId.from_oid(oid)


@given(st.from_regex(r"[1-9][0-9]?-[\x21-\x7E]{1,40}", fullmatch=True).map(TelematikId))
def test_a_telematik_id_survives_the_way_through_a_certificate(telematik_id: TelematikId) -> None:
    assert TelematikId.from_uri(telematik_id.uri) == telematik_id
    assert telematik_id.uri.removeprefix(TelematikId.urn).replace("%", "").replace("-", "").isascii()


@pytest.mark.parametrize("uri", ["", "1-2-3", "https://example.org/1-2", "urn:linkexchange:participant:", "urn:x:1-2"])
def test_another_uri_is_no_participant(uri: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        TelematikId.from_uri(uri)


def test_a_uid_of_one_kind_is_no_uid_of_another() -> None:
    assert not isinstance(SopInstanceUid("1.2"), StudyUid)
