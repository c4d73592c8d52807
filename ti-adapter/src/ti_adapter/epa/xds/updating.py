"""ITI-92: other metadata for a document that is in a record already (Restricted Metadata Update)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from ti_adapter.epa.xds import soap
from ti_adapter.epa.xds.metadata import Metadata, Registered, extrinsic_object
from ti_adapter.epa.xds.names import Operation
from ti_adapter.epa.xds.soap import Message
from ti_adapter.epa.xds.submission import SubmissionSet, submit_objects

CHANGEABLE_SLOTS: Final = frozenset(
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
"""Title, comments, authors and all codes may change as well."""


class UpdateForm(Enum):
    """How an update names its document; the value is the slot about associations. Which is expected is not certain."""

    IHE = "AssociationPropagation"
    """By the logical id, under a new entryUUID."""
    GEMATIK = "associationPropagation"
    """By the entryUUID and without a logical id, as gematik's lib-ihe-xds writes it."""


def restricted_update(
    known: Registered,
    told: Metadata,
    submission: SubmissionSet,
    *,
    entry_uuid: str,
    message_id: str,
    to: str,
    propagate: bool | None = None,
    form: UpdateForm = UpdateForm.IHE,
) -> tuple[bytes, str]:
    """Body and Content-Type: `told` as the next version of `known`, in the form of IHE under a new `entry_uuid`.

    `told` is everything, not only what has changed. `propagate` tells the registry whether associations go along to the
    new version; None leaves that to it, since what gematik expects is not certain. Raises ValueError where something
    changes that may not; the message names it.
    """
    if wrong := _frozen(known.metadata, told):
        raise ValueError(f"a restricted update may not change {', '.join(wrong)}")
    slots: dict[str, tuple[str, ...]] = {"PreviousVersion": (known.version,)}
    if propagate is not None:
        slots[form.value] = ("yes" if propagate else "no",)
    is_new = form is UpdateForm.IHE
    entry = extrinsic_object(
        told, entry_uuid if is_new else known.entry_uuid, logical_id=known.logical_id if is_new else ""
    )
    element = submit_objects(submission, [entry], member_slots=slots)
    operation = Operation.RESTRICTED_UPDATE
    return soap.request(operation, Message(element, operation, message_id, to=to))


def _frozen(known: Metadata, told: Metadata) -> list[str]:
    """Names of what differs although it may not."""
    old, new = known.entry, told.entry
    names = ("unique_id", "mime_type", "patient_id", "home_community_id")
    wrong = [name for name in names if getattr(old, name) != getattr(new, name)]
    return wrong + sorted(_changed(old.slots, new.slots) - CHANGEABLE_SLOTS)


def _changed(old: Mapping[str, tuple[str, ...]], new: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
