from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kos_samples import GOOD, expressible
from link_samples import HINT

from linkexchange import documents
from linkexchange.documents import kos
from linkexchange.documents.kos import Flavour
from linkexchange.documents.kos.header import institution
from linkexchange.model.link import Link, MediaType
from linkexchange.model.study import Manifest, Series


def through(link: Link, flavour: Flavour) -> Link:
    return kos.link_of(kos.read(kos.write(link, flavour, node_url_hint=HINT)))


def _offset(link: Link) -> timedelta | None:
    return link.started.utcoffset() if link.started else None


@pytest.mark.slow
@given(expressible, st.sampled_from(Flavour))
def test_a_link_comes_back_as_far_as_a_manifest_can_hold_it(link: Link, flavour: Flavour) -> None:
    wanted = kos.held(link, flavour)
    found = through(link, flavour)
    assert found == wanted
    assert _offset(found) == _offset(wanted)


@pytest.mark.slow
@given(expressible)
def test_what_a_manifest_can_hold_is_held_whole(link: Link) -> None:
    wanted = kos.held(link, Flavour.MADO)
    assert kos.held(wanted, Flavour.MADO) == wanted


@pytest.mark.slow
@given(expressible)
def test_fhir_to_kos_to_fhir_gives_the_same_bytes(link: Link) -> None:
    before = documents.write(kos.held(link, Flavour.MADO), MediaType.XML, node_url_hint=HINT)
    manifest = kos.read(kos.write(documents.read(before), node_url_hint=HINT))
    assert manifest.whereabouts.address == HINT
    after = documents.write(kos.link_of(manifest), MediaType.XML, node_url_hint=HINT)
    assert after.content == before.content
    assert manifest.manifest.digest == link.manifest.digest


@pytest.mark.slow
@given(expressible)
def test_our_own_files_have_no_defect(link: Link) -> None:
    assert kos.read(kos.write(link, Flavour.MADO)).defects == ()


@pytest.mark.slow
@given(expressible, st.sampled_from(Flavour))
def test_bundle_and_manifest_have_one_digest(link: Link, flavour: Flavour) -> None:
    bundle = documents.read(documents.write(link, MediaType.JSON, node_url_hint=HINT))
    assert kos.read(kos.write(link, flavour)).manifest.digest == bundle.manifest.digest == link.manifest.digest


def test_everything_that_mado_can_say_comes_back() -> None:
    assert through(GOOD, Flavour.MADO) == GOOD
    assert through(GOOD, Flavour.MADO_DCM) == GOOD


def test_a_plain_manifest_keeps_the_listing_and_not_what_describes_it() -> None:
    found = through(GOOD, Flavour.XDS_I)
    bare = tuple(
        Series(it.series, "", tuple(replace(one, number=None) for one in it.instances)) for it in GOOD.manifest.series
    )
    assert found == replace(GOOD, regions=(), manifest=Manifest(GOOD.manifest.study, bare))


def test_one_other_uid_is_another_digest_and_another_order_is_not() -> None:
    digest = kos.read(kos.write(GOOD)).manifest.digest
    backwards = tuple(replace(it, instances=it.instances[::-1]) for it in GOOD.manifest.series[::-1])
    reordered = replace(GOOD, manifest=Manifest(GOOD.manifest.study, backwards))
    assert kos.read(kos.write(reordered)).manifest.digest == digest
    fewer = replace(GOOD, manifest=Manifest(GOOD.manifest.study, GOOD.manifest.series[:1]))
    assert kos.read(kos.write(fewer)).manifest.digest != digest


@pytest.mark.parametrize("minutes", [-12 * 60 - 1, -12 * 60, 14 * 60, 14 * 60 + 1])
def test_a_zone_that_dicom_cannot_write_becomes_utc(minutes: int) -> None:
    begun = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(minutes=minutes)))
    found = through(replace(GOOD, started=begun), Flavour.MADO).started
    assert found == begun
    assert found.utcoffset() == (timedelta() if abs(minutes) % 60 else begun.utcoffset())


def fits_in_bytes(link: Link) -> bool:
    """pydicom holds the limits of SH and LO, which are about characters (PS3.5 section 6.2), against encoded bytes."""
    short = [number for it in link.orders for number in (it.accession, it.placer_order_number, it.filler_order_number)]
    long = [
        link.description,
        institution(link.origin),
        link.patient.local_id,
        *(it.description for it in link.manifest.series),
    ]
    return all(len(it.encode()) <= 16 for it in short) and all(len(it.encode()) <= 64 for it in long)


@pytest.mark.slow
@given(expressible.filter(fits_in_bytes))
def test_pydicom_reads_our_files_without_a_word_and_writes_the_same(link: Link) -> None:
    from pydicom import config, dcmread

    written = kos.write(link, node_url_hint=HINT)
    with config.strict_reading():
        found = dcmread(io.BytesIO(written))
        found.walk(lambda _, element: element.value)
        again = io.BytesIO()
        found.save_as(again, enforce_file_format=True)
    head = b"\x08\x00\x05\x00CS"
    assert again.getvalue().partition(head)[2] == written.partition(head)[2] != b""


def test_what_is_private_stands_under_our_own_creator() -> None:
    from pydicom import dcmread

    block = dcmread(io.BytesIO(kos.write(GOOD))).private_block(0x0071, "LINKEXCHANGE LINK")
    assert block[0x01].value == GOOD.origin.telematik_id
    assert block[0x08].value == GOOD.manifest.digest
