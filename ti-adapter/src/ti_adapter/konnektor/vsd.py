"""ReadVSD (VSDService 5.2): what an eGK says of the insured person, and the proof that it was there.

The data are XML (Schema_VSD 5.2, Pruefungsnachweis 1.0), packed with gzip. All of it is patient data: none shows in the
text of a value or of an error.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor import reading
from ti_adapter.konnektor.context import Context
from ti_adapter.konnektor.errors import Malformed, MessageMalformed
from ti_adapter.konnektor.names import PRUEFUNGSNACHWEIS, VSD, Dialect
from ti_adapter.konnektor.soap import maker

UNPACKED_MAX_BYTES: Final = 256 * 1024
_GZIP_MAGIC, _GZIP_WINDOW = b"\x1f\x8b", 31
_VSD, _PNW = f"{{{VSD}}}", f"{{{PRUEFUNGSNACHWEIS}}}"


@dataclass(frozen=True, slots=True)
class Pruefungsnachweis:
    """The receipt of the online check: when, with which result, and the Pruefziffer where the service gave one.

    Results are 1 (updated), 2 (nothing to update), 3 (no update possible), 4 (certificate of the eGK invalid), 5 (that
    could not be checked), 6 (too long offline). Only with 1 and 2 does a Pruefziffer prove that the card was there.
    """

    moment: datetime
    result: int
    error_code: int | None
    pruefziffer: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Insured:
    """What is needed of the card: who it is, what an entitlement to the record asks for, and the receipt.

    Dates are as the card writes them, YYYYMMDD, where month and day may be 00.
    """

    kvnr: str = field(repr=False)
    family: str = field(repr=False)
    given: str = field(repr=False)
    birth: str = field(repr=False)
    street: str | None = field(repr=False)
    coverage_begin: str = field(repr=False)
    insurer: str = field(repr=False)
    receipt: Pruefungsnachweis | None


def read_vsd(
    dialect: Dialect, context: Context, egk: str, institution: str, *, online_check: bool, receipt: bool
) -> etree._Element:
    """VSD:ReadVSD. `egk` and `institution` are handles; the SMC-B (or HBA) opens what is protected on the eGK."""
    vsd = maker(dialect.namespace)
    return vsd.ReadVSD(
        vsd.EhcHandle(egk),
        vsd.HpcHandle(institution),
        vsd.PerformOnlineCheck(_boolean(online_check)),
        vsd.ReadOnlineReceipt(_boolean(receipt)),
        context.element(),
    )


def read_insured(answer: etree._Element, dialect: Dialect) -> Insured:
    """VSD:ReadVSDResponse."""
    person = _part(answer, dialect, "PersoenlicheVersichertendaten", f"{_VSD}UC_PersoenlicheVersichertendatenXML")
    general = _part(answer, dialect, "AllgemeineVersicherungsdaten", f"{_VSD}UC_AllgemeineVersicherungsdatenXML")
    insured = reading.only(person, f"{_VSD}Versicherter")
    named = reading.only(insured, f"{_VSD}Person")
    address = reading.maybe(named, f"{_VSD}StrassenAdresse")
    cover = reading.only(reading.only(general, f"{_VSD}Versicherter"), f"{_VSD}Versicherungsschutz")
    return Insured(
        kvnr=reading.text(insured, f"{_VSD}Versicherten_ID"),
        family=reading.text(named, f"{_VSD}Nachname"),
        given=reading.text(named, f"{_VSD}Vorname"),
        birth=reading.text(named, f"{_VSD}Geburtsdatum"),
        street=None if address is None else reading.maybe_text(address, f"{_VSD}Strasse"),
        coverage_begin=reading.text(cover, f"{_VSD}Beginn"),
        insurer=reading.text(reading.only(cover, f"{_VSD}Kostentraeger"), f"{_VSD}Kostentraegerkennung"),
        receipt=_receipt(answer, dialect),
    )


def _receipt(answer: etree._Element, dialect: Dialect) -> Pruefungsnachweis | None:
    if reading.maybe(answer, dialect.name("Pruefungsnachweis")) is None:
        return None
    receipt = _part(answer, dialect, "Pruefungsnachweis", f"{_PNW}PN")
    return Pruefungsnachweis(
        reading.value(receipt, f"{_PNW}TS", _moment),
        reading.value(receipt, f"{_PNW}E", reading.number),
        reading.maybe_value(receipt, f"{_PNW}EC", reading.number),
        reading.maybe_value(receipt, f"{_PNW}PZ", reading.binary),
    )


def _part(answer: etree._Element, dialect: Dialect, name: str, root: str) -> etree._Element:
    part = reading.parse(_unpacked(reading.value(answer, dialect.name(name), reading.binary), name))
    if part.tag != root:
        raise MessageMalformed(Malformed.OTHER_MESSAGE, name)
    return part


def _unpacked(content: bytes, name: str) -> bytes:
    if not content.startswith(_GZIP_MAGIC):
        return content
    unpacking = zlib.decompressobj(_GZIP_WINDOW)
    try:
        unpacked = unpacking.decompress(content, UNPACKED_MAX_BYTES)
    except zlib.error:
        raise MessageMalformed(Malformed.VALUE, name) from None
    if not unpacking.eof:
        raise MessageMalformed(Malformed.SIZE, name)
    return unpacked


def _moment(content: str) -> datetime:
    """YYYYMMDDhhmmss; the schema names no zone, and the services write UTC as far as is known."""
    return datetime.strptime(content, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _boolean(value: bool) -> str:
    return "true" if value else "false"
