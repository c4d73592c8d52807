"""A DocumentEntry as an ExtrinsicObject of ebRIM, and back (IHE ITI TF-3 section 4.2.3.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.epa.xds import rim, tree
from ti_adapter.epa.xds.errors import Malformed, XdsMalformed
from ti_adapter.epa.xds.names import (
    ENTRY_AUTHOR,
    ENTRY_CODES,
    ENTRY_PATIENT_ID,
    ENTRY_UNIQUE_ID,
    RIM,
    STABLE_DOCUMENT,
    Availability,
)
from ti_adapter.epa.xds.soap import maker
from ti_adapter.xds import Code, DocumentEntry

DOCUMENTING = "11^^^&1.3.6.1.4.1.19376.3.276.1.5.13&ISO"
"""authorRole of who documents."""
_CODE_NAMES = {scheme: label for label, scheme in ENTRY_CODES.items()}


@dataclass(frozen=True, slots=True)
class Author:
    """Who has made a document or a submission: `person` is an XCN, `institutions` are XON, as in HL7 v2."""

    person: str = field(default="", repr=False)
    institutions: tuple[str, ...] = field(default=(), repr=False)
    roles: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    telecommunications: tuple[str, ...] = field(default=(), repr=False)

    def slots(self) -> dict[str, tuple[str, ...]]:
        """By the names of XDS."""
        return {
            "authorPerson": (self.person,) if self.person else (),
            "authorInstitution": self.institutions,
            "authorRole": self.roles,
            "authorSpecialty": self.specialties,
            "authorTelecommunication": self.telecommunications,
        }


@dataclass(frozen=True, slots=True)
class Metadata:
    """All that is said of a document. Without authors it is its authorInstitution that documents (`DOCUMENTING`)."""

    entry: DocumentEntry
    authors: tuple[Author, ...] = ()
    comments: str = field(default="", repr=False)

    def told_authors(self) -> tuple[Author, ...]:
        """The authors that are written."""
        if self.authors or not self.entry.author_institution:
            return self.authors
        return (Author(institutions=(self.entry.author_institution,), roles=(DOCUMENTING,)),)


@dataclass(frozen=True, slots=True)
class Registered:
    """A document as the registry knows it. `entry_uuid` and `logical_id` are `urn:uuid:…`; `version` counts from 1."""

    metadata: Metadata
    entry_uuid: str
    logical_id: str
    version: str
    availability: Availability
    repository_unique_id: str


def author(scheme: str, who: Author, *, of: str, number: str) -> etree._Element:
    """The Classification that names an author."""
    return maker(RIM).Classification(
        *rim.slots(who.slots()), id=number, classificationScheme=scheme, classifiedObject=of, nodeRepresentation=""
    )


def extrinsic_object(metadata: Metadata, entry_id: str, *, logical_id: str = "") -> etree._Element:
    """The ExtrinsicObject of a document under an id.

    Raises ValueError for a code whose name XDS does not know, and for values that ebRIM does not take.
    """
    entry = metadata.entry
    numbers = (f"c{count}-{entry_id.rpartition(':')[2]}" for count in range(1, 10_000))
    if unknown := entry.codes.keys() - ENTRY_CODES.keys():
        raise ValueError(f"no code of a DocumentEntry: {', '.join(sorted(unknown))}")
    element = maker(RIM).ExtrinsicObject(
        *rim.slots(entry.slots),
        *rim.words("Name", entry.title),
        *rim.words("Description", metadata.comments),
        *(author(ENTRY_AUTHOR, who, of=entry_id, number=next(numbers)) for who in metadata.told_authors()),
        *(
            rim.code(ENTRY_CODES[label], one, of=entry_id, number=next(numbers))
            for label, codes in entry.codes.items()
            for one in codes
        ),
        rim.identifier(
            ENTRY_PATIENT_ID, entry.patient_id, "XDSDocumentEntry.patientId", of=entry_id, number=next(numbers)
        ),
        rim.identifier(
            ENTRY_UNIQUE_ID, entry.unique_id, "XDSDocumentEntry.uniqueId", of=entry_id, number=next(numbers)
        ),
        id=entry_id,
        objectType=STABLE_DOCUMENT,
        mimeType=entry.mime_type,
    )
    optional = {"home": entry.home_community_id, "lid": logical_id}
    element.attrib.update({key: value for key, value in optional.items() if value})
    return element


def registered_object(known: Registered) -> etree._Element:
    """The ExtrinsicObject of a document as a registry gives it."""
    element = extrinsic_object(known.metadata, known.entry_uuid, logical_id=known.logical_id)
    element.set("status", known.availability)
    behind = {rim.name("Classification"), rim.name("ExternalIdentifier")}
    before = next(child for child in element if child.tag in behind)
    before.addprevious(maker(RIM).VersionInfo(versionName=known.version))
    return element


def read_metadata(element: etree._Element) -> Metadata:
    """What an ExtrinsicObject says of its document; what XDS does not know is left out. Raises `XdsMalformed`."""
    codes: dict[str, list[Code]] = {}
    authors: list[Author] = []
    for one in element.iterfind(rim.name("Classification")):
        scheme = one.get("classificationScheme")
        if scheme == ENTRY_AUTHOR:
            authors.append(read_author(one))
        elif scheme in _CODE_NAMES:
            codes.setdefault(_CODE_NAMES[scheme], []).append(rim.read_code(one))
    institutions = [name for who in authors for name in who.institutions]
    entry = DocumentEntry(
        unique_id=rim.read_identifier(element, ENTRY_UNIQUE_ID),
        mime_type=tree.attribute(element, "mimeType"),
        title=rim.read_words(element, "Name"),
        patient_id=rim.read_identifier(element, ENTRY_PATIENT_ID),
        author_institution=institutions[0] if institutions else "",
        home_community_id=element.get("home", ""),
        codes={label: tuple(found) for label, found in codes.items()},
        slots=rim.read_slots(element),
    )
    return Metadata(entry, tuple(authors), rim.read_words(element, "Description"))


def read_registered(element: etree._Element) -> Registered:
    """An ExtrinsicObject as a registry gives it. Raises `XdsMalformed`."""
    entry_uuid = tree.attribute(element, "id")
    version = tree.maybe(element, rim.name("VersionInfo"))
    metadata = read_metadata(element)
    try:
        availability = Availability(tree.attribute(element, "status"))
    except ValueError:
        raise XdsMalformed(Malformed.VALUE, "status") from None
    return Registered(
        metadata=metadata,
        entry_uuid=entry_uuid,
        logical_id=element.get("lid") or entry_uuid,
        version="1" if version is None else version.get("versionName", "1"),
        availability=availability,
        repository_unique_id=next(iter(metadata.entry.slots.get("repositoryUniqueId", ())), ""),
    )


def read_author(classification: etree._Element) -> Author:
    """The author that a Classification names."""
    found = rim.read_slots(classification)
    persons = found.get("authorPerson", ())
    return Author(
        person=persons[0] if persons else "",
        institutions=found.get("authorInstitution", ()),
        roles=found.get("authorRole", ()),
        specialties=found.get("authorSpecialty", ()),
        telecommunications=found.get("authorTelecommunication", ()),
    )
