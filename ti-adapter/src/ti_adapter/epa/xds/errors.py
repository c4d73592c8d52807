"""What the XDS Document Service would not do, or said wrongly: the class says what happens next.

No text of the service is repeated, since it may hold a name or a number of an insured person; known codes are.
"""

from __future__ import annotations

from enum import StrEnum

from ti_adapter.errors import TiError


class XdsError(TiError):
    """The one base; `reason` is stable and `advice` is for the administrator."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason, advice)
        self.reason = reason
        self.advice = advice

    def __str__(self) -> str:
        return f"XDS: {self.reason}. {self.advice}"


class Malformed(StrEnum):
    """What is wrong with a message."""

    SIZE = "size"
    CONTENT_TYPE = "content-type"
    BOUNDARY = "boundary"
    PARTS = "too-many-parts"
    PART_HEADER = "part-header"
    PART_ENCODING = "part-encoding"
    CONTENT_ID = "content-id"
    ROOT = "root-part"
    XML = "xml"
    DTD = "dtd"
    DEPTH = "depth"
    SOAP = "soap"
    ADDRESSING = "addressing"
    OTHER_MESSAGE = "other-message"
    ELEMENT = "element"
    VALUE = "value"


class XdsMalformed(XdsError):
    """A message is not what it has to be; asking again changes nothing. `where` names an element, never a value."""

    def __init__(self, reason: Malformed, where: str = "") -> None:
        super().__init__(reason, "Tell the maker of the record system.")
        self.where = where

    def __str__(self) -> str:
        return f"XDS: malformed message, {self.reason} {self.where}".rstrip()


class XdsFault(XdsError):
    """The service has answered with errors. `codes` are all of them as they came, and stay out of the text."""

    def __init__(self, reason: str, advice: str, codes: tuple[str, ...]) -> None:
        super().__init__(reason, advice)
        self.codes = codes


class XdsRequestRefused(XdsFault):
    """The message or its metadata are wrong, a fault of this software or of its settings; nothing changes by itself."""


class XdsNotPermitted(XdsFault):
    """This institution may not do this in this record."""


class XdsNotFound(XdsFault):
    """There is no such document: never was, removed, or hidden by the patient, which look the same."""


class XdsConflict(XdsFault):
    """The record has moved on: a uniqueId is taken, or the version that was meant is not the latest any more."""


class XdsUnavailable(XdsFault):
    """The service cannot do it now; later may work."""
