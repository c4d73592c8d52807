"""Identifiers as types, so that one cannot stand where another belongs.

All are strings with a checked syntax. A wrong one raises `ValueError` whose text names the kind and never the value,
since some of them identify a patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import ClassVar, Protocol, Self
from urllib.parse import quote, unquote

UID_MAX = 64


class _Digest(Protocol):
    def hexdigest(self) -> str: ...


class Identifier(str):
    """A string of one kind, checked once, at the door."""

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]]

    def __new__(cls, value: str) -> Self:
        """Raise ValueError unless the syntax is right."""
        if type(value) is cls:
            return value
        if not cls.pattern.fullmatch(value):
            raise ValueError(f"not a {cls.__name__}")
        return str.__new__(cls, value)


class Uid(Identifier):
    """DICOM unique identifier, at most 64 characters, no component with a leading zero (PS3.5 section 9.1)."""

    __slots__ = ()
    pattern = re.compile(r"(?=.{1,64}\Z)(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*")

    def __new__(cls, value: str) -> Self:
        """Raise ValueError unless the syntax is right."""
        if type(value) is cls:
            return value
        if len(value) > UID_MAX:
            raise ValueError(f"not a {cls.__name__}")
        return cls._checked(value)

    @classmethod
    @lru_cache(256)
    def _checked(cls, value: str) -> Self:
        """Remembers the last ones: that of an image is read in several places, and few classes stand in all images."""
        return super().__new__(cls, value)


class StudyUid(Uid):
    """Study Instance UID (0020,000D)."""

    __slots__ = ()


class SeriesUid(Uid):
    """Series Instance UID (0020,000E)."""

    __slots__ = ()


class SopInstanceUid(Uid):
    """SOP Instance UID (0008,0018)."""

    __slots__ = ()


class SopClassUid(Uid):
    """SOP Class UID (0008,0016)."""

    __slots__ = ()


class TransferSyntaxUid(Uid):
    """Transfer Syntax UID (0002,0010)."""

    __slots__ = ()


class Oid(Uid):
    """Object identifier as FHIR R4 has it (`oid`, section 2.24.0.1): at least two arcs, the first of them 0 to 2."""

    __slots__ = ()
    pattern = re.compile(r"(?=.{1,64}\Z)[0-2](?:\.(?:0|[1-9][0-9]*))+")


class Bsnr(Identifier):
    """Number of a place of practice (Betriebsstättennummer), nine digits."""

    __slots__ = ()
    pattern = re.compile(r"[0-9]{9}")


class Iknr(Identifier):
    """Number of an institution (Institutionskennzeichen, § 293 SGB V): nine digits, the last one a check digit."""

    __slots__ = ()
    pattern = re.compile(r"[0-9]{9}")

    def __new__(cls, value: str) -> Self:
        """Raise ValueError unless syntax and check digit are right."""
        iknr = super().__new__(cls, value)
        if _iknr_check_digit(iknr) != int(iknr[8]):
            raise ValueError("not a Iknr: check digit")
        return iknr

    @classmethod
    def with_check_digit(cls, stem: str) -> Self:
        """Complete eight digits to a valid number."""
        return cls(stem + str(_iknr_check_digit(stem)))


def _iknr_check_digit(iknr: str) -> int:
    """Over the third to the eighth digit: every second one is doubled and its cross sum taken; modulo 10."""
    weighted = [int(digit) * (2 - place % 2) for place, digit in enumerate(iknr[2:8])]
    return _cross_sums(weighted) % 10


def _cross_sums(numbers: Iterable[int]) -> int:
    """Of numbers below 100."""
    return sum(number // 10 + number % 10 for number in numbers)


class TelematikId(Identifier):
    """Identity of an institution in the TI, from the registrationNumber of its card certificate (gemSpec_PKI)."""

    __slots__ = ()
    pattern = re.compile(r"(?=.{1,128}\Z)[1-9][0-9]?-[\x21-\x7E]+")
    urn: ClassVar[str] = "urn:linkexchange:participant:"

    @property
    def uri(self) -> str:
        """How a node's TLS certificate carries it, as a URI subject alternative name."""
        return self.urn + quote(self, safe="")

    @classmethod
    def from_uri(cls, uri: str) -> Self:
        """Read it back from a certificate; raises ValueError for any other URI."""
        if not uri.startswith(cls.urn):
            raise ValueError("not a participant URI")
        return cls(unquote(uri.removeprefix(cls.urn)))


class Kvnr(Identifier):
    """Insured person's number: a letter, eight digits, a check digit (§ 290 SGB V)."""

    __slots__ = ()
    pattern = re.compile(r"[A-Z][0-9]{9}")

    def __new__(cls, value: str) -> Self:
        """Raise ValueError unless syntax and check digit are right."""
        kvnr = super().__new__(cls, value)
        if _kvnr_check_digit(kvnr) != int(kvnr[-1]):
            raise ValueError("not a Kvnr: check digit")
        return kvnr

    @classmethod
    def with_check_digit(cls, stem: str) -> Self:
        """Complete a letter and eight digits to a valid number."""
        return cls(stem + str(_kvnr_check_digit(stem + "0")))


def _kvnr_check_digit(kvnr: str) -> int:
    """The letter counts as two digits; every second digit is doubled and its cross sum taken; modulo 10."""
    digits = f"{ord(kvnr[0]) - ord('A') + 1:02d}{kvnr[1:9]}"
    weighted = [int(digit) * (1 + place % 2) for place, digit in enumerate(digits)]
    return _cross_sums(weighted) % 10


class Lanr(Identifier):
    """Physician's number: nine digits, the seventh one a check digit, the last two the specialty (KBV)."""

    __slots__ = ()
    pattern = re.compile(r"[0-9]{9}")

    def __new__(cls, value: str) -> Self:
        """Raise ValueError unless syntax and check digit are right."""
        lanr = super().__new__(cls, value)
        total = sum(int(digit) * (4, 9)[place % 2] for place, digit in enumerate(lanr[:6]))
        if -total % 10 != int(lanr[6]):
            raise ValueError("not a Lanr: check digit")
        return lanr


class AeTitle(Identifier):
    """DICOM application entity title: 1 to 16 printable characters, no backslash (PS3.5 VR AE)."""

    __slots__ = ()
    pattern = re.compile(r"(?=.*\S)[\x20-\x5B\x5D-\x7E]{1,16}")


class PlainUrl(Identifier):
    """An https URL for a document that many read: no user, query or fragment, in which a secret could travel.

    Only in the spelling that every reader keeps: host in lower case, no default port, a path, no dot segments (WHATWG
    URL, section 4.4), so that it comes back to the character.
    """

    __slots__ = ()
    pattern = re.compile(
        r"(?=.{1,1024}\Z)https://"
        r"(?:(?:[a-z0-9-]{1,63}\.)*[a-z][a-z0-9-]{0,62}|(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2}))"
        r"(?::(?!443/)[1-9][0-9]{0,4})?"
        r"(?!.*/(?:\.|%2[eE]){1,2}(?:/|\Z))/(?:[A-Za-z0-9._~!$&()*+,;=:/-]|%[0-9A-Fa-f]{2})*"
    )


class Sha256(Identifier):
    """A SHA-256 in lower-case hexadecimal."""

    __slots__ = ()
    pattern = re.compile(r"[0-9a-f]{64}")

    @classmethod
    def of(cls, digest: _Digest) -> Self:
        """What `hashlib.sha256` has come to. It need not be looked at: nothing else comes from there."""
        return str.__new__(cls, digest.hexdigest())


class LinkId(Identifier):
    """A link document's identity: a UUID, written as urn:uuid or as the OID 2.25.<integer> where DICOM wants one."""

    __slots__ = ()
    pattern = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

    @property
    def oid(self) -> str:
        """The same number as an OID (PS3.5 section B.2)."""
        return f"2.25.{int(self.replace('-', ''), 16)}"

    @classmethod
    def from_oid(cls, oid: str) -> Self:
        """Read it back; raises ValueError for an OID outside 2.25 or beyond 128 bits."""
        root, _, arc = Uid(oid).rpartition(".")
        if root != "2.25" or int(arc) >= 1 << 128:
            raise ValueError("not a LinkId")
        digits = f"{int(arc):032x}"
        return cls("-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))
