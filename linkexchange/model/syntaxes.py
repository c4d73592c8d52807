"""Which way an image goes to a destination that may not take it as it is stored: one decision, without input or output.

An image leaves in its stored transfer syntax wherever that is accepted. Only otherwise, and only where not one bit of
the image can change, it is decoded or encoded anew. What was stored with loss is never decoded: a second lossy
compression at the destination would start from a copy, and nobody could prove what became of the first.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from linkexchange.model.identifiers import TransferSyntaxUid

IMPLICIT_LITTLE = TransferSyntaxUid("1.2.840.10008.1.2")
EXPLICIT_LITTLE = TransferSyntaxUid("1.2.840.10008.1.2.1")
PLAIN = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
"""What images are converted to, the better one first: Implicit VR loses the VRs of private elements."""


def _syntaxes(root: str, *ends: str) -> frozenset[TransferSyntaxUid]:
    return frozenset(TransferSyntaxUid(root + end) for end in ends)


UNCOMPRESSED = frozenset(PLAIN) | _syntaxes("1.2.840.10008.1.2.", "1.99", "2")
"""Also deflated and big endian: their data sets are encoded anew, and their pixels are not decoded."""

JPEG_LOSSLESS = _syntaxes("1.2.840.10008.1.2.4.", "57", "70")
JPEG_LS_LOSSLESS = _syntaxes("1.2.840.10008.1.2.4.", "80")
JPEG_2000_LOSSLESS = _syntaxes("1.2.840.10008.1.2.4.", "90", "201", "202")
RLE_LOSSLESS = _syntaxes("1.2.840.10008.1.2.", "5")
COMPRESSED = JPEG_LOSSLESS | JPEG_LS_LOSSLESS | JPEG_2000_LOSSLESS | RLE_LOSSLESS
"""Compressed without loss, and decodable here."""

_LOSSY = re.compile(r"1\.2\.840\.10008\.1\.2\.4\.(5[0-69]|6[0-4]|81|91|93|111|112|203)")
# .91 and .203 may hold reversible data; they do not promise it, so they count as lossy. The retired processes .58, .65
# and .66 are lossless ones that nobody here decodes. JPEG XL .111 holds a lossy JPEG, packed without further loss.
_VIDEO = re.compile(r"1\.2\.840\.10008\.1\.2\.(4\.10[0-8]|7)(\.\d+)*")


class Obstacle(StrEnum):
    """Why an image cannot be given to a destination."""

    NOTHING = "the destination takes nothing of this class"
    LOSSY = "stored with loss and never decoded"
    VIDEO = "a video and never decoded"
    UNKNOWN = "a transfer syntax that is not decoded here"
    NOT_PLAIN = "the destination takes no uncompressed little endian"


@dataclass(frozen=True, slots=True)
class AsItIs:
    """It is accepted as it is stored."""


@dataclass(frozen=True, slots=True)
class Transcode:
    """It is converted without loss."""

    target: TransferSyntaxUid


@dataclass(frozen=True, slots=True)
class NoWay:
    """It is not sent."""

    obstacle: Obstacle


Way: TypeAlias = AsItIs | Transcode | NoWay


def way(stored: TransferSyntaxUid, accepted: Collection[TransferSyntaxUid]) -> Way:
    """How an image that is stored in one syntax gets to a destination that accepts these for its class."""
    if stored in accepted:
        return AsItIs()
    if not accepted:
        return NoWay(Obstacle.NOTHING)
    if obstacle := _obstacle(stored):
        return NoWay(obstacle)
    target = next((syntax for syntax in PLAIN if syntax in accepted), None)
    return Transcode(target) if target else NoWay(Obstacle.NOT_PLAIN)


def _obstacle(stored: TransferSyntaxUid) -> Obstacle | None:
    if stored in UNCOMPRESSED | COMPRESSED:
        return None
    if _VIDEO.fullmatch(stored):
        return Obstacle.VIDEO
    return Obstacle.LOSSY if _LOSSY.fullmatch(stored) else Obstacle.UNKNOWN
