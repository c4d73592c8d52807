"""What a manifest of DICOM has no place for, as private elements under a creator of our own.

    (0071,0010) LO LINKEXCHANGE LINK
    (0071,1001) LT Telematik-ID of the origin        (0071,1005) UI OID of the link that this one replaces
    (0071,1002) LT name of the origin                (0071,1006) SH BSNR
    (0071,1003) DT when the link expires             (0071,1007) SH IKNR
    (0071,1004) UI home community                    (0071,1008) LO manifest digest, SHA-256 in hexadecimal
    (0071,1009) LT address of the resolver           (0071,100A) LT address of the viewer
    (0071,100B) SH confidentiality (HL7 v3)

Rule of change: elements may be added, none is ever given another meaning. A foreign reader passes over them.
"""

from __future__ import annotations

from enum import IntEnum

GROUP = 0x0071
CREATOR = "LINKEXCHANGE LINK"


class Private(IntEnum):
    """Element numbers within the block."""

    TELEMATIK_ID = 0x01
    NAME = 0x02
    EXPIRES = 0x03
    HOME_COMMUNITY = 0x04
    REPLACES = 0x05
    BSNR = 0x06
    IKNR = 0x07
    DIGEST = 0x08
    RESOLVER = 0x09
    VIEWER = 0x0A
    CONFIDENTIALITY = 0x0B


VR = {
    Private.TELEMATIK_ID: "LT",
    Private.NAME: "LT",
    Private.EXPIRES: "DT",
    Private.HOME_COMMUNITY: "UI",
    Private.REPLACES: "UI",
    Private.BSNR: "SH",
    Private.IKNR: "SH",
    Private.DIGEST: "LO",
    Private.RESOLVER: "LT",
    Private.VIEWER: "LT",
    Private.CONFIDENTIALITY: "SH",
}
