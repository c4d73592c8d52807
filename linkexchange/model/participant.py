"""Institutions in the network, as the directory knows them."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Participant:
    """One row of the directory. `node_url` is the base of the node's mTLS address, `destinations` name its PACS."""

    telematik_id: TelematikId
    name: str
    node_url: str
    destinations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Institution:
    """Who a card proved to be: accepted, so it may be acted upon."""

    telematik_id: TelematikId
    profession_oid: str
    name: str
