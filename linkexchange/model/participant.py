"""Institutions in the network, as the directory knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from linkexchange.model.identifiers import TelematikId

ROLES = {
    "1.2.276.0.76.4.50": "Betriebsstätte Arzt",
    "1.2.276.0.76.4.51": "Zahnarztpraxis",
    "1.2.276.0.76.4.53": "Krankenhaus",
    "1.2.276.0.76.4.57": "Betriebsstätte mobile Einrichtung Rettungsdienst",
    "1.2.276.0.76.4.254": "Betriebsstätte Sanitätsdienst der Bundeswehr",
    "1.2.276.0.76.4.257": "Betriebsstätte Vorsorge und Rehabilitation",
}
"""professionOIDs (gemSpec_OID) of the institutions that may ask for images."""


HUB = TelematikId("99-linkexchange-hub")
"""On whose behalf the hub keeps policy, quotas, and the trail of their changes. No card has this Telematik-ID."""


class Capability(StrEnum):
    """What a participant's node does for others."""

    SERVES = "serves"
    PULLS = "pulls"
    TAKES_OFFERS = "takes-offers"


@dataclass(frozen=True, slots=True)
class Participant:
    """One row of the directory. `node_url` is the base of the node's mTLS address, `destinations` name its PACS.

    `ae_titles` are those by which its node sends and receives, `contact` is where people ask, `hours` are the spans
    (`07:00-18:00`) in which its node answers: none means always.
    """

    telematik_id: TelematikId
    name: str
    node_url: str
    destinations: tuple[str, ...] = ()
    ae_titles: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    contact: str = ""
    hours: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As interfaces, rows and the signed directory have it."""
        lists = {name: [str(it) for it in getattr(self, name)] for name in _LISTS}
        texts = {name: str(getattr(self, name)) for name in ("telematik_id", "name", "node_url", "contact")}
        return {**texts, **lists}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Read it back; what is newer than this version is passed over. Raises ValueError, KeyError or TypeError."""
        known = set(Capability)
        return cls(
            TelematikId(row["telematik_id"]),
            str(row["name"]),
            str(row["node_url"]),
            tuple(map(str, row["destinations"])),
            tuple(map(str, row.get("ae_titles", ()))),
            tuple(Capability(it) for it in row.get("capabilities", ()) if it in known),
            str(row.get("contact", "")),
            tuple(map(str, row.get("hours", ()))),
        )


_LISTS = ("destinations", "ae_titles", "capabilities", "hours")


@dataclass(frozen=True, slots=True)
class Institution:
    """Who a card proved to be: accepted, so it may be acted upon. `certificate` (DER) is the card's."""

    telematik_id: TelematikId
    profession_oid: str
    name: str
    certificate: bytes = field(default=b"", repr=False, compare=False)
