"""What people type, as identifiers. A wrong one is refused by the argument's name, never by its value."""

from __future__ import annotations

from datetime import date
from typing import TypeVar
from uuid import UUID

from linkexchange.errors import SettingRefused
from linkexchange.model.identifiers import Identifier, Kvnr, LinkId, StudyUid, TelematikId
from linkexchange.model.revocation import REASON_MAX_CHARACTERS

_Kind = TypeVar("_Kind", bound=Identifier)


def study_of(value: str) -> StudyUid:
    """A Study Instance UID."""
    return _read(StudyUid, value, "STUDY: not a Study Instance UID")


def kvnr_of(value: str) -> Kvnr:
    """A KVNR with a right check digit."""
    return _read(Kvnr, value, "KVNR: a letter and nine digits, the last one a check digit")


def link_of(value: str) -> LinkId:
    """A link's UUID."""
    return _read(LinkId, value, "LINK: not a link")


def telematik_id_of(value: str, argument: str = "PARTICIPANT") -> TelematikId:
    """A Telematik-ID."""
    return _read(TelematikId, value, f"{argument}: not a Telematik-ID")


def reason_of(value: str) -> str:
    """Why somebody or something is put out: one line."""
    if not value.strip() or len(value) > REASON_MAX_CHARACTERS or not value.isprintable():
        raise SettingRefused(f"--reason: one line with at most {REASON_MAX_CHARACTERS} characters")
    return value.strip()


def day_of(value: str, name: str) -> date:
    """A day, as 2027-01-31."""
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise SettingRefused(f"{name}: a day such as 2027-01-31") from None


def transfer_of(value: str) -> UUID:
    """The number of a transfer."""
    return number_of(value, "TRANSFER: not the number of a transfer")


def number_of(value: str, message: str) -> UUID:
    """The number of whatever the message says that it is not."""
    try:
        return UUID(value)
    except ValueError:
        raise SettingRefused(message) from None


def _read(kind: type[_Kind], value: str, message: str) -> _Kind:
    try:
        return kind(value)
    except ValueError:
        raise SettingRefused(message) from None
