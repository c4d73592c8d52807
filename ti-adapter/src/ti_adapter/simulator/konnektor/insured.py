"""The insured person on a simulated eGK: the data sets as the card has them, and the receipt of the online check."""

from __future__ import annotations

import gzip
import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.names import PRUEFUNGSNACHWEIS, VSD
from ti_adapter.konnektor.soap import maker

CHECKED, UNREACHABLE = 2, 3
"""Results of the online check: nothing to update, and no service to ask."""

_KEY_NAME: Final = "X1"
_SIGNATURE_BYTES = 24
_vsd, _pnw = maker(VSD), maker(PRUEFUNGSNACHWEIS)


@dataclass(frozen=True, slots=True)
class SimulatedInsured:
    """Who an eGK is for; dates are YYYYMMDD."""

    kvnr: str = field(repr=False)
    family: str = field(default="Mustermann", repr=False)
    given: str = field(default="Erika", repr=False)
    birth: str = field(default="19640812", repr=False)
    street: str | None = field(default="Heidestraße", repr=False)
    coverage_begin: str = "20190212"
    insurer: str = "109500969"


Prove = Callable[[SimulatedInsured, datetime], bytes]
"""The insurer's service: a Pruefziffer for a card that was there at this moment."""


def own_prover(key: bytes) -> Prove:
    """A service with this key, and Pruefziffern of version 1."""
    return lambda insured, now: pruefziffer(insured.kvnr, now, key)


def personal(insured: SimulatedInsured) -> bytes:
    """UC_PersoenlicheVersichertendatenXML, packed."""
    street = [] if insured.street is None else [_vsd.Strasse(insured.street)]
    address = _vsd.StrassenAdresse(
        _vsd.Postleitzahl("51147"), _vsd.Ort("Köln"), _vsd.Land(_vsd.Wohnsitzlaendercode("D")), *street
    )
    person = _vsd.Person(
        _vsd.Geburtsdatum(insured.birth),
        _vsd.Vorname(insured.given),
        _vsd.Nachname(insured.family),
        _vsd.Geschlecht("W"),
        address,
    )
    holder = _vsd.Versicherter(_vsd.Versicherten_ID(insured.kvnr), person)
    return packed(_vsd.UC_PersoenlicheVersichertendatenXML(holder, CDM_VERSION="5.2.0"))


def general(insured: SimulatedInsured) -> bytes:
    """UC_AllgemeineVersicherungsdatenXML, packed."""
    insurer = _vsd.Kostentraeger(
        _vsd.Kostentraegerkennung(insured.insurer), _vsd.Kostentraegerlaendercode("D"), _vsd.Name("Test-Krankenkasse")
    )
    more = _vsd.ZusatzinfosGKV(_vsd.Versichertenart("1"), _vsd.Zusatzinfos_Abrechnung_GKV(_vsd.WOP("38")))
    cover = _vsd.Versicherungsschutz(_vsd.Beginn(insured.coverage_begin), insurer)
    holder = _vsd.Versicherter(cover, _vsd.Zusatzinfos(more))
    return packed(_vsd.UC_AllgemeineVersicherungsdatenXML(holder, CDM_VERSION="5.2.0"))


def receipt(now: datetime, proof: bytes | None) -> bytes:
    """The Pruefungsnachweis, packed: with a Pruefziffer where there is one, else of a service out of reach."""
    stamp = _pnw.TS(now.astimezone(UTC).strftime("%Y%m%d%H%M%S"))
    if proof is None:
        return packed(_pnw.PN(stamp, _pnw.E(str(UNREACHABLE)), CDM_VERSION="1.0.0"))
    told = b64encode(proof).decode()
    return packed(_pnw.PN(stamp, _pnw.E(str(CHECKED)), _pnw.PZ(told), CDM_VERSION="1.0.0"))


def pruefziffer(kvnr: str, now: datetime, key: bytes) -> bytes:
    """VSDM Pruefziffer, version 1, 47 bytes: KVNR, Unix time, U, name of the key, 24 bytes of HMAC-SHA-256."""
    told = f"{kvnr}{int(now.timestamp()):010}U{_KEY_NAME}".encode()
    return told + hmac.digest(key, told, hashlib.sha256)[:_SIGNATURE_BYTES]


def packed(root: etree._Element) -> bytes:
    """As it lies on the card."""
    return gzip.compress(etree.tostring(root, xml_declaration=True, encoding="ISO-8859-15"))
