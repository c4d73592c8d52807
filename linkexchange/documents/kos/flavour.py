"""The codes of a Key Object Selection, and which of them a manifest is written with.

MADO's codes are not final: its text (Rev. 1.1, Trial Implementation) has temporary ones of scheme 99IHE, its mapping
page those that CP-2595 asks DICOM for, and the title's is a placeholder there. The reader knows all of them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Concept(NamedTuple):
    """A code as DICOM has it: Code Value, Coding Scheme Designator, Code Meaning."""

    value: str
    scheme: str
    meaning: str


class Flavour(StrEnum):
    """Which manifest is written.

    `xds-i` is that of XDS-I.b, the most widely known, and names instances only. `mado` has MADO's description with the
    codes of its text, `mado-dcm` with those of its mapping page where that has any.
    """

    XDS_I = "xds-i"
    MADO = "mado"
    MADO_DCM = "mado-dcm"


class Codes(NamedTuple):
    """The codes that differ between the two spellings of MADO."""

    title: Concept
    series_description: Concept
    series_count: Concept
    instance_count: Concept


_TITLE = Concept("MADOTEMP001", "99IHE", "Manifest with Description")
"""DICOM has given it no code yet; `ddd001` stands in its place in drafts and in one example."""

MANIFEST = Concept("113030", "DCM", "Manifest")
CODES = {
    Flavour.MADO: Codes(
        _TITLE,
        Concept("MADOTEMP002", "99IHE", "Series Description"),
        Concept("MADOTEMP009", "99IHE", "Number of Study Related Series"),
        Concept("MADOTEMP007", "99IHE", "Number of Series Related Instances"),
    ),
    Flavour.MADO_DCM: Codes(
        _TITLE,
        Concept("131563", "DCM", "Series Description"),
        Concept("131565", "DCM", "Number of Study Related Series"),
        Concept("131564", "DCM", "Number of Series Related Instances"),
    ),
}

IMAGE_LIBRARY = Concept("111028", "DCM", "Image Library")
IMAGE_LIBRARY_GROUP = Concept("126200", "DCM", "Image Library Group")
MODALITY = Concept("121139", "DCM", "Modality")
TARGET_REGION = Concept("123014", "DCM", "Target Region")
SERIES_NUMBER = Concept("113607", "DCM", "Series Number")
SERIES_UID = Concept("112002", "DCM", "Series Instance UID")
INSTANCE_NUMBER = Concept("113609", "DCM", "Instance Number")
SERIES_UNIT = Concept("{series}", "UCUM", "series")
INSTANCES_UNIT = Concept("{instances}", "UCUM", "instances")
UNKNOWN_REGION = Concept("261665006", "SCT", "Unknown")
"""What a manifest says of a study whose region nobody has said: MADO wants one."""


TITLES = frozenset({MANIFEST.value, "113000", "ddd001", _TITLE.value})
"""Titles that the reader takes: XDS-I.b's, *Of Interest* as some archives write it, and MADO's."""
SERIES_DESCRIPTIONS = frozenset({"ddd002", *(codes.series_description.value for codes in CODES.values())})
SERIES_COUNTS = frozenset({"ddd009", *(codes.series_count.value for codes in CODES.values())})
INSTANCE_COUNTS = frozenset({"ddd007", *(codes.instance_count.value for codes in CODES.values())})
