"""What the directory of the TI (FHIR-VZD) says of an applicant, beside what the applicant's card has proven.

The directory advises an operator: it stands against an approval where it answers and does not list the institution, or
lists it with another role. A name may differ, since people write it, and a directory that is silent says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from linkexchange.model.identifiers import TelematikId

NAME_MAX = 200
ROLES_MAX = 20
_OID = re.compile(r"[0-2](\.[0-9]{1,20}){1,20}")


class Comparison(StrEnum):
    """What comes of laying a listing beside the card: the closed list of words that the audit trail has for it."""

    NOT_ASKED = "not-asked"
    UNREACHABLE = "unreachable"
    ABSENT = "absent"
    OTHER_ROLE = "other-role"
    OTHER_NAME = "other-name"
    AGREES = "agrees"

    @property
    def stands_against(self) -> bool:
        """Whether nobody is approved with it unless the operator names it."""
        return self in {Comparison.ABSENT, Comparison.OTHER_ROLE}


@dataclass(frozen=True, slots=True)
class Listing:
    """An institution in the directory; with a `lack`, the reason why nothing is known of it."""

    name: str = ""
    profession_oids: tuple[str, ...] = ()
    lack: Comparison | None = None

    @classmethod
    def said(cls, name: str, profession_oids: Iterable[str]) -> Self:
        """As the directory writes it, which may be anything: one readable line, and what has the form of an OID."""
        line = " ".join("".join(it if it.isprintable() else " " for it in name[:NAME_MAX]).split())
        return cls(line, tuple(it for it in profession_oids if _OID.fullmatch(it))[:ROLES_MAX])

    def compared(self, card_name: str, role: str) -> Comparison:
        """With the card's professionOID, and with the name on it, in which case, blanks and signs mean nothing."""
        if self.lack:
            return self.lack
        if role not in self.profession_oids:
            return Comparison.OTHER_ROLE
        return Comparison.AGREES if _plain(self.name) == _plain(card_name) else Comparison.OTHER_NAME


ABSENT = Listing(lack=Comparison.ABSENT)
UNREACHABLE = Listing(lack=Comparison.UNREACHABLE)
NOT_ASKED = Listing(lack=Comparison.NOT_ASKED)


def not_asked(whom: Sequence[TelematikId]) -> Mapping[TelematikId, Listing]:
    """Of a hub that has no access to the directory."""
    return dict.fromkeys(whom, NOT_ASKED)


def _plain(name: str) -> str:
    return "".join(it for it in unicodedata.normalize("NFKC", name).casefold() if it.isalnum())
