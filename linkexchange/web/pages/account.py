"""The proof of a finished transfer, as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linkexchange.model.proof import ARRIVED, Fate
from linkexchange.signing import PROOF_MAX_BYTES, PublicKeys, verify
from linkexchange.web import german, syntaxes


@dataclass(frozen=True, slots=True)
class InstanceLine:
    """One instance and what became of it. `pixels_sent` and `sent_syntax` are empty unless it was converted."""

    series: str
    sop_instance: str
    fate: str
    status: int | None
    attempts: int
    bytes: int
    received: str
    pixels: str
    note: str
    pixels_sent: str
    received_syntax: str
    sent_syntax: str

    @property
    def remark(self) -> str:
        """Why it is not there: the answer of the PACS as it came (PS3.7 annex C), and what was noted."""
        status = f"Status 0x{self.status:04X}" if self.status else ""
        untouched = "Das dortige Bild wurde nicht überschrieben." if self.fate == Fate.CONFLICT else ""
        cause = german.explain_note(self.note) if self.note else untouched
        return " ".join(part for part in (status, cause) if part)

    @property
    def converted(self) -> str:
        """From which transfer syntax to which it was converted without loss; empty where it went as it came."""
        named = syntaxes.name_of(self.received_syntax), syntaxes.name_of(self.sent_syntax)
        return "{} in {}".format(*named) if self.sent_syntax else ""


@dataclass(frozen=True, slots=True)
class Account:
    """How a transfer has ended."""

    outcome: str
    stored: int
    expected: int
    lines: tuple[InstanceLine, ...]

    @property
    def absent(self) -> tuple[InstanceLine, ...]:
        """The exact list of what the destination does not have."""
        return tuple(line for line in self.lines if line.fate not in ARRIVED)

    @property
    def held(self) -> int:
        """How many were there before."""
        return sum(line.fate == Fate.HELD for line in self.lines)

    @property
    def converted(self) -> int:
        """How many were converted."""
        return sum(bool(line.converted) for line in self.lines)


def account_of(signed: str, keys: PublicKeys) -> Account:
    """Read a proof that this node has signed; raises `MessageFault` when it has not."""
    claims = verify(signed, keys, max_bytes=PROOF_MAX_BYTES).claims
    lines = tuple(_line(row) for row in claims["instances"])
    return Account(claims["outcome"], claims["stored"], claims["expected"], lines)


def _line(row: Mapping[str, Any]) -> InstanceLine:
    return InstanceLine(
        series=row["series"],
        sop_instance=row["sop_instance"],
        fate=row["fate"],
        status=row["status"],
        attempts=row["attempts"],
        bytes=row["bytes"],
        received=row["digest_received"] or "",
        pixels=row["sha256_pixels"] or "",
        note=row["note"],
        pixels_sent=row["sha256_pixels_sent"] or "",
        received_syntax=row["received_syntax"] or "",
        sent_syntax=row["sent_syntax"] or "",
    )
