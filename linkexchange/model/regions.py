"""The regions of the body by which studies are searched: IHE MADO's list (CID IHE-MADO1), in SNOMED CT."""

from __future__ import annotations

from collections.abc import Mapping

from linkexchange.model.link import Code

SNOMED_CT = "http://snomed.info/sct"

_DISPLAYS = {
    "63337009": "Lower trunk",
    "38266002": "Entire body as a whole",
    "53120007": "Upper extremity",
    "61685007": "Lower extremity",
    "67734004": "Upper trunk",
    "774007": "Head and neck structure",
    "113257007": "Cardiovascular system",
    "80891009": "Heart",
    "76752008": "Breast",
    "1141981001": "Spinal column region",
}

REGIONS: Mapping[str, Code] = {code: Code(SNOMED_CT, code, display) for code, display in _DISPLAYS.items()}
"""By SNOMED CT code. The only ones that a document can hold: the binding is required, as it is in Europe."""
