from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from kos_samples import GOOD, THORAX
from link_samples import HINT

from linkexchange.documents import kos
from linkexchange.documents.kos import Flavour
from linkexchange.documents.kos.content import value_type
from linkexchange.model.identifiers import SopClassUid
from linkexchange.model.link import Code, Link, LinkStatus, Order

SECRET = "Geheim-Wert"


def placeless() -> Link:
    return replace(GOOD, origin=replace(GOOD.origin, location=None), retrieve_ae=None)


@pytest.mark.parametrize(
    ("link", "rule"),
    [
        (replace(GOOD, status=LinkStatus.CANCELLED), "Link.status: a withdrawn study"),
        (replace(GOOD, manifest=GOOD.manifest.outline()), "Link.level: a Key Object Selection names every instance"),
        (replace(GOOD, regions=(Code("urn:oid:1.2.3", SECRET),)), "Link.regions: only SNOMED CT"),
        (replace(GOOD, started=None), "Link.started: MADO wants"),
        (replace(GOOD, orders=()), "Link.orders: MADO wants"),
        (replace(GOOD, orders=(Order("", "P-1"),)), "Link.orders: MADO wants"),
        (replace(GOOD, origin=replace(GOOD.origin, location=None)), "Origin.location: MADO wants"),
        (placeless(), "Origin.location: nobody could find"),
        (replace(GOOD, orders=(Order(SECRET * 2),)), "Order.accession: longer than 16"),
        (replace(GOOD, orders=(Order("A\\B"),)), "Order.accession: longer than 16 characters, or with"),
        (replace(GOOD, orders=(Order("A", SECRET * 6),)), "Order.placer_order_number: longer than 64"),
        (replace(GOOD, patient=replace(GOOD.patient, local_id=SECRET * 6)), "Patient.local_id: longer than 64"),
    ],
)
def test_what_a_manifest_cannot_say_is_not_written(link: Link, rule: str) -> None:
    with pytest.raises(ValueError, match=rule) as refused:
        kos.write(link)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "hint", [f"https://a.example/?token={SECRET}", f"https://{SECRET}@a.example/", "http://a.example"]
)
def test_an_address_with_a_secret_is_not_written(hint: str) -> None:
    with pytest.raises(ValueError, match="not a plain https URL"):
        kos.write(GOOD, node_url_hint=hint)


def test_a_plain_manifest_needs_no_order_and_no_time_but_a_place() -> None:
    bare = replace(placeless(), started=None, orders=())
    found = kos.read(kos.write(bare, Flavour.XDS_I, node_url_hint=HINT))
    assert (found.started, found.orders, found.whereabouts.address) == (None, (), HINT)


def test_the_same_link_gives_the_same_bytes() -> None:
    assert kos.write(GOOD, node_url_hint=HINT) == kos.write(GOOD, node_url_hint=HINT)


def test_words_are_shortened_and_numbers_are_not() -> None:
    long = replace(
        GOOD,
        description="Ä" * 100,
        origin=replace(GOOD.origin, name="Klinikum " * 20),
        patient=replace(GOOD.patient, family="F" * 60, given="G" * 60),
    )
    found = kos.link_of(kos.read(kos.write(long)))
    assert (found.description, found.patient.family, found.patient.given) == ("Ä" * 64, "F" * 60, "GGG")
    assert found.origin.name == long.origin.name.strip()


def test_foreign_readers_find_the_telematik_id_beside_a_shortened_name() -> None:
    import io

    from pydicom import dcmread

    long = replace(GOOD, origin=replace(GOOD.origin, name="Klinikum am Ende eines langen Weges | Süd"))
    found = dcmread(io.BytesIO(kos.write(long))).InstitutionName
    assert found.endswith("^^^^^&1.2.276.0.76.4.188&ISO^^^^5-2-121212")
    assert len(found) <= 64
    assert found.startswith("Klinikum am Ende")


def test_a_study_of_unknown_region_says_so() -> None:
    written = kos.write(replace(GOOD, regions=()))
    assert b"261665006" in written
    assert kos.read(written).regions == ()
    assert b"261665006" not in kos.write(GOOD)
    assert THORAX in kos.read(kos.write(GOOD)).regions


@pytest.mark.parametrize(
    ("sop_class", "kind"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", "IMAGE"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "WAVEFORM"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "COMPOSITE"),
        ("1.2.3", "COMPOSITE"),
    ],
)
def test_a_reference_says_what_it_refers_to(sop_class: str, kind: str) -> None:
    assert value_type(SopClassUid(sop_class)) == kind


def test_pydicom_is_not_loaded_before_it_is_needed() -> None:
    script = "import sys; from linkexchange.documents import kos; sys.exit('pydicom' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
