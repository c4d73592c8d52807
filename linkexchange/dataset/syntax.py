"""How a transfer syntax encodes a data set (PS3.5 section 10 and annex A)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from linkexchange.model.identifiers import TransferSyntaxUid


@dataclass(frozen=True, slots=True)
class Encoding:
    """What must be known to find the next element."""

    explicit: bool = True
    order: Literal["little", "big"] = "little"
    deflated: bool = False


EXPLICIT_LITTLE = Encoding()
IMPLICIT_LITTLE = Encoding(explicit=False)

# Every other syntax, private ones included, is Explicit VR Little Endian (PS3.5 section A.4). The second implicit one
# is GE's, whose pixel data alone are big endian; the deflated ones after the first have their pixel data elsewhere.
_OTHERS = {
    "1.2.840.10008.1.2": IMPLICIT_LITTLE,
    "1.2.840.113619.5.2": IMPLICIT_LITTLE,
    "1.2.840.10008.1.2.2": Encoding(order="big"),
    "1.2.840.10008.1.2.1.99": Encoding(deflated=True),
    "1.2.840.10008.1.2.4.95": Encoding(deflated=True),
    "1.2.840.10008.1.2.4.205": Encoding(deflated=True),
}


def encoding_of(syntax: TransferSyntaxUid) -> Encoding:
    """The encoding of a data set in this syntax."""
    return _OTHERS.get(syntax, EXPLICIT_LITTLE)
