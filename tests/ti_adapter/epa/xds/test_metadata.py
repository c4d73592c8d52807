"""Metadata of a document: written as ebRIM and read again without loss."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from xds_samples import ENTRY, ENTRY_UUID, PRACTICE

from ti_adapter.epa.xds.errors import Malformed, XdsMalformed
from ti_adapter.epa.xds.metadata import DOCUMENTING, Author, Metadata, extrinsic_object, read_metadata, read_registered
from ti_adapter.epa.xds.names import ENTRY_CODES, ENTRY_UNIQUE_ID, RIM, Availability
from ti_adapter.xds import Code, DocumentEntry

LETTERS = st.characters(exclude_categories=["Cc", "Cs", "Cn", "Z"], include_characters="<&\"' ")
TEXTS = st.text(LETTERS, max_size=30).map(str.strip)
WORDS = TEXTS.filter(bool)
SOME = st.lists(WORDS, min_size=1, max_size=3).map(tuple)
AUTHORS = st.builds(
    Author,
    TEXTS,
    st.lists(WORDS, max_size=2).map(tuple),
    st.lists(WORDS, max_size=2).map(tuple),
    telecommunications=SOME,
)
ENTRIES = st.builds(
    DocumentEntry,
    unique_id=WORDS,
    mime_type=WORDS,
    title=TEXTS,
    patient_id=WORDS,
    home_community_id=TEXTS,
    codes=st.dictionaries(
        st.sampled_from(sorted(ENTRY_CODES)),
        st.lists(st.builds(Code, WORDS, WORDS, TEXTS), min_size=1, max_size=3).map(tuple),
    ),
    slots=st.dictionaries(WORDS, SOME, max_size=4),
)


def registered(metadata: Metadata) -> etree._Element:
    element = extrinsic_object(metadata, ENTRY_UUID)
    element.set("status", Availability.APPROVED)
    return element


@settings(max_examples=40)
@given(ENTRIES, st.lists(AUTHORS, max_size=2).map(tuple), TEXTS)
def test_metadata_are_read_as_they_were_written(
    entry: DocumentEntry, authors: tuple[Author, ...], comments: str
) -> None:
    institutions = [name for who in authors for name in who.institutions]
    told = Metadata(replace(entry, author_institution=institutions[0] if institutions else ""), authors, comments)
    sent = etree.tostring(extrinsic_object(told, ENTRY_UUID))
    assert read_metadata(etree.fromstring(sent)) == told


def test_an_institution_without_further_authors_documents() -> None:
    read = read_metadata(extrinsic_object(Metadata(ENTRY), ENTRY_UUID))
    assert read.authors == (Author(institutions=(PRACTICE,), roles=(DOCUMENTING,)),)
    assert read.entry == ENTRY


def test_a_registered_document_has_what_the_registry_adds() -> None:
    element = registered(Metadata(replace(ENTRY, slots={"repositoryUniqueId": ("1.2.9",)})))
    element.set("lid", "urn:uuid:9")
    version = etree.Element(f"{{{RIM}}}VersionInfo", versionName="3")
    element.insert(2, version)
    read = read_registered(element)
    assert (read.entry_uuid, read.logical_id, read.version) == (ENTRY_UUID, "urn:uuid:9", "3")
    assert (read.availability, read.repository_unique_id) == (Availability.APPROVED, "1.2.9")


def test_a_first_version_is_its_own_logical_id() -> None:
    read = read_registered(registered(Metadata(ENTRY)))
    assert (read.logical_id, read.version) == (ENTRY_UUID, "1")


@pytest.mark.parametrize(
    ("path", "attribute", "value", "reason"),
    [
        (".", "mimeType", "", Malformed.VALUE),
        (".", "status", "urn:a", Malformed.VALUE),
        (".", "id", "", Malformed.VALUE),
        (f"{{{RIM}}}ExternalIdentifier[@identificationScheme='{ENTRY_UNIQUE_ID}']", "value", "", Malformed.VALUE),
        (f"{{{RIM}}}ExternalIdentifier", "identificationScheme", ENTRY_UNIQUE_ID, Malformed.ELEMENT),
        (f"{{{RIM}}}Slot", "name", "languageCode", Malformed.ELEMENT),
        (f"{{{RIM}}}Classification[@nodeRepresentation='BEF']", "nodeRepresentation", "", Malformed.VALUE),
        (f"{{{RIM}}}Classification[@nodeRepresentation='BEF']/{{{RIM}}}Slot", "name", "a", Malformed.ELEMENT),
    ],
)
def test_metadata_that_miss_something_are_malformed(path: str, attribute: str, value: str, reason: Malformed) -> None:
    element = registered(Metadata(ENTRY))
    element.find(path).set(attribute, value)
    with pytest.raises(XdsMalformed) as caught:
        read_registered(element)
    assert caught.value.reason == reason


def test_what_xds_does_not_know_is_left_out() -> None:
    element = extrinsic_object(Metadata(ENTRY), ENTRY_UUID)
    element.find(f"{{{RIM}}}Classification[@nodeRepresentation='BEF']").set("classificationScheme", "urn:uuid:0")
    assert "classCode" not in read_metadata(element).entry.codes


def test_no_patient_is_shown() -> None:
    read = read_registered(registered(Metadata(ENTRY, comments="Mustermann")))
    assert not any(hidden in repr(read) for hidden in ("X110411675", "Mustermann", "Markt"))
