"""The account of a finished transfer: every instance of the manifest with its fate and digests.

`complete` is decided here and nowhere else: only when the set of stored UIDs equals the set of the manifest.

Wire format: canonical JSON (RFC 8785) of `Proof.to_json`, signed as JWS by the receiving node, described in
docs/reference/proof.md. `version` rises when a key changes its meaning; keys may be added without that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from linkexchange.model.identifiers import (
    LinkId,
    SeriesUid,
    Sha256,
    SopClassUid,
    SopInstanceUid,
    TelematikId,
    TransferSyntaxUid,
)
from linkexchange.model.study import Manifest
from linkexchange.model.transfer import State

VERSION = 2
TYP = "linkexchange-proof+jws"


class Fate(StrEnum):
    """What became of an instance."""

    STORED = "stored"
    HELD = "held"
    MISSING = "missing"
    REFUSED = "refused"
    ALTERED = "altered"
    CONFLICT = "conflict"


ARRIVED = frozenset({Fate.STORED, Fate.HELD})
"""The destination has it: we have sent it there, or it was there before with the same image."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One instance as the ledger holds it.

    `status` is the destination's DIMSE status (PS3.7 annex C). `attempts` counts how often it was sent. The three
    digests are SHA-256 over the data set as received, as sent, and over the Pixel Data value; `at_origin` is what the
    origin says it sent, None where it says nothing. `received_syntax` is what the origin sent it in; where it was
    converted, `sent_syntax` is what it was passed on in and `pixels_sent` the digest of its pixel data then.
    `pixels` is always that of the origin's.
    """

    sop_instance: SopInstanceUid
    fate: Fate
    status: int | None = None
    attempts: int = 0
    bytes: int = 0
    received: Sha256 | None = None
    sent: Sha256 | None = None
    pixels: Sha256 | None = None
    at_origin: Sha256 | None = None
    note: str = ""
    pixels_sent: Sha256 | None = None
    sent_syntax: TransferSyntaxUid | None = None
    received_syntax: TransferSyntaxUid | None = None


@dataclass(frozen=True, slots=True)
class ProvenInstance:
    """One line of the proof."""

    series: SeriesUid
    sop_class: SopClassUid
    delivered: Delivered

    def to_json(self) -> dict[str, Any]:
        """One object of `instances`."""
        it = self.delivered
        return {
            "series": str(self.series),
            "sop_class": str(self.sop_class),
            "sop_instance": str(it.sop_instance),
            "fate": it.fate.value,
            "status": it.status,
            "attempts": it.attempts,
            "bytes": it.bytes,
            "digest_received": it.received,
            "digest_sent": it.sent,
            "sha256_pixels": it.pixels,
            "sha256_pixels_sent": it.pixels_sent,
            "received_syntax": it.received_syntax,
            "sent_syntax": it.sent_syntax,
            "digest_origin": it.at_origin,
            "note": it.note,
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """The end of a transfer, true by construction: outcome and counts are derived from the lines.

    `stopped` is the reason why a transfer was ended before its time, empty otherwise.
    """

    transfer: UUID
    link: LinkId
    origin: TelematikId
    requester: TelematikId
    destination: str
    manifest: Manifest
    instances: tuple[ProvenInstance, ...]
    ended: datetime
    stopped: str = ""

    @property
    def stored(self) -> frozenset[SopInstanceUid]:
        """UIDs that the destination has: acknowledged with the bytes that the origin sent, or held before."""
        return frozenset(i.delivered.sop_instance for i in self.instances if i.delivered.fate in ARRIVED)

    @property
    def missing(self) -> tuple[SopInstanceUid, ...]:
        """The exact list of what the destination does not have."""
        return tuple(sorted(self.manifest.uids - self.stored))

    @property
    def outcome(self) -> State:
        """`complete` when the sets are equal, `partial` when some are there, `failed` when none is."""
        if self.stopped:
            return State.STOPPED
        if self.stored == self.manifest.uids:
            return State.COMPLETE
        return State.PARTIAL if self.stored else State.FAILED

    @property
    def sentence(self) -> str:
        """What a person reads: `complete: 12 of 12 instances`."""
        return f"{self.outcome}: {len(self.stored)} of {len(self.manifest.uids)} instances"

    def to_json(self) -> dict[str, Any]:
        """The object that is made canonical, signed, stored and sent as receipt."""
        return {
            "version": VERSION,
            "transfer": str(self.transfer),
            "link": str(self.link),
            "origin": str(self.origin),
            "requester": str(self.requester),
            "destination": self.destination,
            "study": str(self.manifest.study),
            "manifest_sha256": str(self.manifest.digest),
            "outcome": self.outcome.value,
            "stopped": self.stopped,
            "expected": len(self.manifest.uids),
            "stored": len(self.stored),
            "ended": self.ended.isoformat(),
            "instances": [instance.to_json() for instance in self.instances],
        }


def lines(manifest: Manifest, delivered: Iterable[Delivered]) -> tuple[ProvenInstance, ...]:
    """Lay the ledger beside the manifest: each of its instances gets one line, `missing` where the ledger has none."""
    ledger = {it.sop_instance: it for it in delivered}
    return tuple(
        ProvenInstance(
            series=series.series,
            sop_class=instance.sop_class,
            delivered=ledger.get(instance.sop_instance, Delivered(instance.sop_instance, Fate.MISSING)),
        )
        for series in manifest.series
        for instance in series.instances
    )
