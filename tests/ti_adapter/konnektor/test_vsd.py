from __future__ import annotations

import base64
import gzip

import pytest
from konnektor_bench import INSURED
from lxml import etree
from simulated_ti import utc_now

from ti_adapter.konnektor.errors import Malformed, MessageMalformed
from ti_adapter.konnektor.names import SPOKEN, Service
from ti_adapter.konnektor.soap import maker
from ti_adapter.konnektor.vsd import UNPACKED_MAX_BYTES, Insured, read_insured
from ti_adapter.simulator.konnektor.insured import general, personal, receipt

DIALECT = SPOKEN[Service.VSD][0]


def read(person: bytes, proof: bytes | None = None) -> Insured:
    made = maker(DIALECT.namespace)
    parts = [
        made.PersoenlicheVersichertendaten(base64.b64encode(person).decode()),
        made.AllgemeineVersicherungsdaten(base64.b64encode(general(INSURED)).decode()),
    ]
    if proof is not None:
        parts.append(made.Pruefungsnachweis(base64.b64encode(proof).decode()))
    return read_insured(made.ReadVSDResponse(*parts), DIALECT)


def refusal(person: bytes, proof: bytes | None = None) -> Malformed:
    with pytest.raises(MessageMalformed) as refused:
        read(person, proof)
    assert isinstance(refused.value.reason, Malformed)
    assert INSURED.kvnr not in repr(refused.value)
    return refused.value.reason


def test_data_that_a_konnektor_has_unpacked_before_are_read_as_well() -> None:
    assert read(gzip.decompress(personal(INSURED))) == read(personal(INSURED))


def test_l09_data_that_would_unpack_to_more_than_any_card_holds_are_not_unpacked() -> None:
    assert refusal(gzip.compress(b"<a>" + bytes(64 * 1024 * 1024))) is Malformed.SIZE
    assert len(gzip.compress(bytes(64 * 1024 * 1024))) < UNPACKED_MAX_BYTES


def test_data_that_are_cut_off_or_damaged_are_refused() -> None:
    packed = personal(INSURED)
    assert refusal(packed[:-9]) is Malformed.SIZE
    assert refusal(packed[:12] + b"\xff" * 20 + packed[32:]) is Malformed.VALUE


def test_one_set_of_data_is_not_taken_for_another() -> None:
    assert refusal(general(INSURED)) is Malformed.OTHER_MESSAGE
    assert refusal(personal(INSURED), personal(INSURED)) is Malformed.OTHER_MESSAGE


def test_t18_data_on_a_card_have_no_dtd_either() -> None:
    plain = gzip.decompress(personal(INSURED))
    root = etree.fromstring(plain)
    assert refusal(b"<!DOCTYPE a>" + etree.tostring(root)) is Malformed.DTD


@pytest.mark.parametrize("moment", ["20260301", "20260230120000", "now"])
def test_a_receipt_of_no_moment_is_refused(moment: str) -> None:
    proof = gzip.decompress(receipt(utc_now(), None)).decode()
    stamp = proof.partition("TS>")[2].partition("<")[0]
    assert refusal(personal(INSURED), proof.replace(stamp, moment).encode()) is Malformed.VALUE
