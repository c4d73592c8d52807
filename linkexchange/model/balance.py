"""Whether both ends of a transfer say the same: what the origin let go, and what the requester received.

Wire format of a dispatch: docs/reference/dispatch.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from linkexchange.model.identifiers import LinkId, Sha256, SopInstanceUid, TelematikId
from linkexchange.model.transfer import State

DISPATCH_TYP = "linkexchange-dispatch+jws"


class Grantor(StrEnum):
    """Whose resolver has granted a transfer, as far as the hub knows: its own, or by its word the origin's."""

    HUB = "hub"
    ORIGIN = "origin"


class Imbalance(StrEnum):
    """Where the accounts of both ends do not agree."""

    NOT_GRANTED = "not-granted"
    RECEIPT_MISSING = "receipt-missing"
    DISPATCH_MISSING = "dispatch-missing"
    UNSENT_RECEIVED = "unsent-received"
    SENT_NOT_RECEIVED = "sent-not-received"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What has left an origin for one transfer, all in all. `digest` is `digest_of` the UIDs.

    `resolver` is the issuer of the grant under which it was served, empty where the origin does not say.
    """

    transfer: UUID
    origin: TelematikId
    requester: TelematikId
    link: LinkId
    instances: int
    digest: Sha256
    resolver: str = ""

    def claims(self) -> dict[str, Any]:
        """What is signed with the type `DISPATCH_TYP`."""
        names = {"transfer": str(self.transfer), "origin": str(self.origin), "requester": str(self.requester)}
        said = {**names, "link": str(self.link), "instances": self.instances, "digest": str(self.digest)}
        return {**said, "resolver": self.resolver} if self.resolver else said


def digest_of(uids: Iterable[SopInstanceUid | str]) -> Sha256:
    """SHA-256 over the sorted SOP Instance UIDs, a line feed behind each."""
    return Sha256(hashlib.sha256("".join(f"{uid}\n" for uid in sorted(map(str, uids))).encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Sent:
    """The origin's side: how many different instances, which, and when it said so."""

    instances: int
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Came:
    """The requester's side: the end of the transfer, and the instances whose bytes came."""

    outcome: State
    instances: int
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """All that the hub knows of one transfer between two participants; `granted` is None where nobody says he did."""

    transfer: UUID
    requester: TelematikId
    origin: TelematikId
    granted: Grantor | None
    sent: Sent | None = None
    came: Came | None = None


def weigh(account: Account, now: datetime, patience: timedelta) -> Imbalance | None:
    """The first thing that does not agree; None where all does, or may still come within `patience`."""
    sent, came = account.sent, account.came
    moved = bool((sent and sent.instances) or (came and came.instances))
    if moved and account.granted is None:
        # Who granted it stands in the dispatch, which may come later than the receipt.
        may_come = sent is None and came is not None and now - came.at <= patience
        return None if may_come else Imbalance.NOT_GRANTED
    if sent and came:
        return _compare(sent, came)
    if sent and sent.instances and now - sent.at > patience:
        return Imbalance.RECEIPT_MISSING
    if came and came.instances and now - came.at > patience:
        return Imbalance.DISPATCH_MISSING
    return None


def _compare(sent: Sent, came: Came) -> Imbalance | None:
    """A transfer that is complete may have had some before; one that is not has lost what was sent and did not come."""
    if came.instances > sent.instances or (came.instances == sent.instances and came.digest != sent.digest):
        return Imbalance.UNSENT_RECEIVED
    lost = came.instances < sent.instances and came.outcome is not State.COMPLETE
    return Imbalance.SENT_NOT_RECEIVED if lost else None
