"""Which kinds of institutions may use records, and for how long an entitlement lasts, by professionOID.

As the OpenAPI of the authorization service (its list is informative, A_23941 is the norm) and of the entitlement
management tell them.
"""

from __future__ import annotations

from typing import Final

_TI: Final = "1.2.276.0.76.4."

LOGIN: Final = frozenset(
    f"{_TI}{number}" for number in (50, 51, 52, 53, 54, 59, 245, 246, 247, 255, 256, 257, 282, 292, 303)
)
"""Practices, dentists, psychotherapists, hospitals, pharmacies, insurers, nursing, midwifery, physiotherapy, public
health service, occupational medicine, rehabilitation, health applications, national contact point, ombuds offices."""

_NINETY: Final = (50, 51, 52, 53, 245, 246, 247, 257, 278, 279, 280, 281)
_THREE: Final = (54, 255, 256)
DAYS: Final[dict[str, int]] = {f"{_TI}{number}": 90 for number in _NINETY} | {f"{_TI}{number}": 3 for number in _THREE}
"""Days of an entitlement; whoever is not named gets none by a card in a terminal."""
