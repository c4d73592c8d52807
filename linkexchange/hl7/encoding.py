"""How an HL7 v2 message is written down: separators, escape sequences and character sets (v2.5.1 chapter 2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from linkexchange.errors import MessageFault

DEFAULT_CHARSET = "8859/1"
"""What German systems send where MSH-18 says nothing, though the standard says ASCII."""
_WITHOUT_MEANING = frozenset({"", "ASCII", "ISOIR6"})
"""Terms under which letters with umlauts are met all the same: the character set of the house holds."""
_LATIN = {f"8859{part}": f"iso8859_{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)}
_CODECS = {
    **_LATIN,
    **{f"ISO{term}": codec for term, codec in _LATIN.items()},
    **dict.fromkeys(("UNICODEUTF8", "UNICODE", "UTF8"), "utf-8"),
    **dict.fromkeys(("WINDOWS1252", "CP1252"), "cp1252"),
}
_HEX = re.compile(r"X((?:[0-9A-Fa-f]{2})+)")


def codec_of(term: str, default: str = DEFAULT_CHARSET) -> str:
    """The codec of a term of HL7 table 0211, however it is punctuated; raises `MessageFault` for one not known."""
    plain = re.sub(r"[^A-Z0-9]", "", term.upper())
    if plain in _WITHOUT_MEANING:
        plain = re.sub(r"[^A-Z0-9]", "", default.upper())
    if plain not in _CODECS:
        raise MessageFault("MSH-18 names a character set that is not known here")
    return _CODECS[plain]


@dataclass(frozen=True, slots=True)
class Encoding:
    """The separators that a message declares, and its character set as a codec of Python."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    codec: str = "iso8859_1"

    @classmethod
    def declared(cls, field: str, characters: str, codec: str) -> Self:
        """From MSH-1 and MSH-2; what is left out there has its usual value. Raises `MessageFault`."""
        usual = "^~\\&"
        given = characters[:4] + usual[len(characters[:4]) :]
        marks = field + given
        if len(set(marks)) != len(marks) or not all(33 <= ord(mark) < 127 and not mark.isalnum() for mark in marks):
            raise MessageFault("MSH-1 and MSH-2 do not name five different separators")
        component, repetition, escape, subcomponent = tuple(given)
        return cls(field, component, repetition, escape, subcomponent, codec)

    def text(self, raw: str) -> str:
        """What people read: escape sequences resolved; one without a known meaning stays as it is written."""
        if self.escape not in raw:
            return raw
        mark = re.escape(self.escape)
        return re.sub(f"{mark}([^{mark}]*){mark}", self._resolved(), raw)

    def written(self, text: str) -> str:
        """The other way: what would separate or end something is escaped."""
        marks = {ord(mark): f"{self.escape}{letter}{self.escape}" for letter, mark in self._letters().items()}
        ends = {ord(end): f"{self.escape}X{ord(end):02X}{self.escape}" for end in "\r\n\x0b\x1c"}
        return text.translate({**marks, **ends})

    def _letters(self) -> dict[str, str]:
        return {
            "F": self.field,
            "S": self.component,
            "R": self.repetition,
            "E": self.escape,
            "T": self.subcomponent,
        }

    def _resolved(self) -> Callable[[re.Match[str]], str]:
        known = {**self._letters(), ".br": "\n", "H": "", "N": ""}

        def one(found: re.Match[str]) -> str:
            if hexadecimal := _HEX.fullmatch(found[1]):
                return bytes.fromhex(hexadecimal[1]).decode(self.codec, "replace")
            return known.get(found[1], found[0])

        return one
