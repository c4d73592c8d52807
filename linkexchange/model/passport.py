"""What is known about one PACS. Written by hand with `linkexchange pacs set`; a later probe writes the same value.

Wire format: the JSON of `Passport.to_json`, described in docs/reference/passport.md. New keys may be added and are
ignored by older readers; a key never changes its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import AeTitle, TransferSyntaxUid


class Retrieve(StrEnum):
    """The ways in which a node can fetch instances from its PACS."""

    C_GET = "c-get"
    DICOMWEB = "dicomweb"
    C_MOVE = "c-move"


class Store(StrEnum):
    """The ways in which a node can give instances to its PACS."""

    C_STORE = "c-store"
    STOW_RS = "stow-rs"


@dataclass(frozen=True, slots=True)
class Passport:
    """Address and abilities of a PACS in the own network.

    `dicomweb_url` is the base of its DICOMweb service, empty where it has none. `syntaxes` are the transfer syntaxes it
    accepts when storing; empty means not known, and each is tried as stored. With `tls` its DIMSE port speaks DICOM
    over TLS, and both sides show a certificate. `max_associations` is how many retrievals at once it may be asked for,
    and how many associations at once may be open to store into it. Within the hours of `no_prefetch` it is left alone
    by whatever is not wanted yet.
    """

    name: str
    ae_title: AeTitle
    host: str
    port: int
    retrieve: Retrieve = Retrieve.C_GET
    dicomweb_url: str = ""
    syntaxes: tuple[TransferSyntaxUid, ...] = ()
    max_associations: int = 1
    store: Store = Store.C_STORE
    tls: bool = False
    no_prefetch: tuple[Hours, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The row as it is stored and shown."""
        return {
            "name": self.name,
            "ae_title": str(self.ae_title),
            "host": self.host,
            "port": self.port,
            "retrieve": self.retrieve.value,
            "dicomweb_url": self.dicomweb_url,
            "syntaxes": [str(uid) for uid in self.syntaxes],
            "max_associations": self.max_associations,
            "store": self.store.value,
            "tls": self.tls,
            "no_prefetch": [str(hours) for hours in self.no_prefetch],
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        """Read it back; raises ValueError or KeyError where a value is wrong or missing."""
        return cls(
            name=row["name"],
            ae_title=AeTitle(row["ae_title"]),
            host=row["host"],
            port=int(row["port"]),
            retrieve=Retrieve(row["retrieve"]),
            dicomweb_url=row.get("dicomweb_url", ""),
            syntaxes=tuple(TransferSyntaxUid(uid) for uid in row.get("syntaxes", ())),
            max_associations=int(row.get("max_associations", 1)),
            store=Store(row.get("store", Store.C_STORE)),
            tls=bool(row.get("tls", False)),
            no_prefetch=tuple(Hours.parse(text) for text in row.get("no_prefetch", ())),
        )
