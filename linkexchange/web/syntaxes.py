"""Transfer syntaxes by the names that people at a PACS know, and in German what each does to the image."""

from __future__ import annotations

_ROOT = "1.2.840.10008.1.2"
_PLAIN, _LOSSLESS, _LOSSY, _VIDEO = "unkomprimiert", "verlustfrei komprimiert", "verlustbehaftet komprimiert", "Video"

_BY_END: dict[str, tuple[str, str]] = {
    "": ("Implicit VR Little Endian", _PLAIN),
    ".1": ("Explicit VR Little Endian", _PLAIN),
    ".1.99": ("Deflated Explicit VR Little Endian", _LOSSLESS),
    ".2": ("Explicit VR Big Endian", _PLAIN),
    ".5": ("RLE Lossless", _LOSSLESS),
    ".4.50": ("JPEG Baseline", _LOSSY),
    ".4.51": ("JPEG Extended", _LOSSY),
    ".4.57": ("JPEG Lossless, Prozess 14", _LOSSLESS),
    ".4.70": ("JPEG Lossless", _LOSSLESS),
    ".4.80": ("JPEG-LS", _LOSSLESS),
    ".4.81": ("JPEG-LS Near-Lossless", _LOSSY),
    ".4.90": ("JPEG 2000 Lossless", _LOSSLESS),
    ".4.91": ("JPEG 2000", _LOSSY),
    ".4.100": ("MPEG-2 Main Level", _VIDEO),
    ".4.101": ("MPEG-2 High Level", _VIDEO),
    ".4.102": ("MPEG-4 H.264", _VIDEO),
    ".4.103": ("MPEG-4 H.264 BD", _VIDEO),
    ".4.104": ("MPEG-4 H.264 2D", _VIDEO),
    ".4.105": ("MPEG-4 H.264 3D", _VIDEO),
    ".4.106": ("MPEG-4 H.264 Stereo", _VIDEO),
    ".4.107": ("HEVC H.265 Main", _VIDEO),
    ".4.108": ("HEVC H.265 Main 10", _VIDEO),
    ".4.110": ("JPEG XL Lossless", _LOSSLESS),
    ".4.111": ("JPEG XL aus JPEG", _LOSSY),
    ".4.112": ("JPEG XL", _LOSSY),
    ".4.201": ("High-Throughput JPEG 2000 Lossless", _LOSSLESS),
    ".4.202": ("High-Throughput JPEG 2000 Lossless RPCL", _LOSSLESS),
    ".4.203": ("High-Throughput JPEG 2000", _LOSSY),
}

NAMES: dict[str, str] = {_ROOT + end: f"{name}, {kind}" for end, (name, kind) in _BY_END.items()}


def name_of(syntax: str) -> str:
    """Its name; a syntax that is not in the table stands for itself."""
    return NAMES.get(syntax, syntax)
