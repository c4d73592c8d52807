"""ITI-92 as a record system reads it: the next version of the metadata of one document (IHE ITI RMU, section 3.92).

The document is named by its logical id, or by its entryUUID where there is none, as gematik's lib-ihe-xds does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.epa.xds import rim, tree
from ti_adapter.epa.xds.metadata import Metadata, read_metadata
from ti_adapter.epa.xds.names import HAS_MEMBER, SET_PATIENT_ID, STABLE_DOCUMENT
from ti_adapter.epa.xds.soap import Message
from ti_adapter.simulator.entries import Entry
from ti_adapter.simulator.xds.refusal import Refusal
from ti_adapter.simulator.xds.submissions import METADATA, check_entry, check_set
from ti_adapter.xds import DocumentEntry

IDENTIFIER: Final = "XDSMetadataIdentifierError"
ANNOTATION: Final = "XDSMetadataAnnotationError"
UNMODIFIABLE: Final = "UnmodifiableMetadataError"
VERSION: Final = "XDSMetadataVersionError"
PATIENT: Final = "XDSPatientIDReconciliationError"

_CHANGEABLE: Final = frozenset(
    {
        "creationTime",
        "languageCode",
        "legalAuthenticator",
        "serviceStartTime",
        "serviceStopTime",
        "URI",
        "urn:ihe:iti:xds:2013:referenceIdList",
    }
)
"""Slots that may change; title, comments, authors and codes may as well (ePA-XDS-Document, concept)."""
_REPOSITORY = "repositoryUniqueId"
_PROPAGATION = "associationpropagation"


@dataclass(frozen=True, slots=True)
class Update:
    """Other metadata for the document that is named, if its version is still this one."""

    named: str
    previous: str
    told: Metadata = field(repr=False)
    repository: str

    def change(self, known: Entry) -> DocumentEntry:
        """What the entry says from now on. Raises `Refusal`.

        1. Nobody was faster. 2. It is the same document 3. of the same patient. 4. Nothing else changes that may not.
        """
        old, new = known.metadata, self.told.entry
        if self.previous != str(known.version):
            raise Refusal(VERSION)
        if new.unique_id != old.unique_id:
            raise Refusal(IDENTIFIER)
        if new.patient_id != old.patient_id:
            raise Refusal(PATIENT)
        if (new.mime_type, new.home_community_id) != (old.mime_type, old.home_community_id):
            raise Refusal(UNMODIFIABLE)
        if _changed(old.slots, self._slots()) - _CHANGEABLE:
            raise Refusal(UNMODIFIABLE)
        return replace(new, slots=self._slots())

    def _slots(self) -> Mapping[str, tuple[str, ...]]:
        """Those of the document; which repository has it says the registry, and nobody tells it otherwise."""
        if self.told.entry.slots.get(_REPOSITORY, (self.repository,)) != (self.repository,):
            raise Refusal(UNMODIFIABLE)
        return {name: values for name, values in self.told.entry.slots.items() if name != _REPOSITORY}


def read_update(request: Message, patient_id: str, repository: str) -> Update:
    """Raises `Refusal`, and `XdsMalformed` for what is no ITI-92 at all.

    1. Metadata of one document, no document, one submission set of this patient. 2. What XDS requires of metadata.
    3. The document is a member of the set, with what ITI-92 says beside that, and there is no other association.
    """
    objects = tree.only(request.element, rim.name("RegistryObjectList"))
    described = objects.findall(rim.name("ExtrinsicObject"))
    sets = objects.findall(rim.name("RegistryPackage"))
    if len(described) != 1 or len(sets) != 1 or described[0].get("objectType") != STABLE_DOCUMENT:
        raise Refusal(METADATA)
    if rim.read_identifier(sets[0], SET_PATIENT_ID) != patient_id:
        raise Refusal(PATIENT)
    told = read_metadata(described[0])
    check_entry(told.entry)
    check_set(sets[0])
    named = described[0].get("lid") or described[0].get("id", "")
    return Update(_uuid(named), _previous(objects, sets[0].get("id"), described[0].get("id")), told, repository)


def _uuid(named: str) -> str:
    if not named.startswith("urn:uuid:"):
        raise Refusal(IDENTIFIER)
    return named.removeprefix("urn:uuid:")


def _previous(objects: etree._Element, set_id: str, entry_id: str) -> str:
    rows = objects.findall(rim.name("Association"))
    if any(one.get("associationType") != HAS_MEMBER for one in rows):
        raise Refusal(UNMODIFIABLE)
    if [(one.get("sourceObject"), one.get("targetObject")) for one in rows] != [(set_id, entry_id)]:
        raise Refusal(ANNOTATION)
    slots = {name: values for name, values in rim.read_slots(rows[0]).items() if name.lower() != _PROPAGATION}
    propagation = [values for name, values in rim.read_slots(rows[0]).items() if name.lower() == _PROPAGATION]
    if any(values not in {("yes",), ("no",)} for values in propagation):
        raise Refusal(ANNOTATION)
    match slots:
        case {"SubmissionSetStatus": ("Original",), "PreviousVersion": (previous,), **other} if not other:
            return str(previous)
        case _:
            raise Refusal(ANNOTATION)


def _changed(old: Mapping[str, tuple[str, ...]], new: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
