"""The two values that every call of a record system carries in its headers, held against their form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_KVNR = re.compile(r"[A-Z][0-9]{9}")
_USER_AGENT = re.compile(r"[a-zA-Z0-9-]{1,20}/[a-zA-Z0-9.-]{1,15}")


@dataclass(frozen=True, slots=True)
class Kvnr:
    """Number of the insured person, which names the record; never shown. Raises ValueError for another form."""

    value: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _KVNR.fullmatch(self.value):
            raise ValueError("a KVNR is a capital letter and nine digits")


@dataclass(frozen=True, slots=True)
class UserAgent:
    """`x-useragent`: the client id that gematik issues, a slash, a version. Raises ValueError for another form.

    Older services want exactly 20 letters and digits as the client id; such a one suits all.
    """

    value: str

    def __post_init__(self) -> None:
        if not _USER_AGENT.fullmatch(self.value):
            raise ValueError("a user agent is a client id, a slash and a version")
