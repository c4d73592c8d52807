"""What the fields of a record say about a patient.

| field | content |
|---|---|
| 3000 | number in the practice system |
| 3101, 3102 | family and given name |
| 3103 | birth date: DDMMYYYY in GDT and BDT, YYYYMMDD in KVDT |
| 3110 | sex: 1 and M, 2 and W, D, X |
| 3119, 3105 | insured number: of the eGK, and the older field, which many systems fill with it |
| 9206, 9106 | character set: 1 DIN 66003 (7 bit), 2 code page 437, 3 code page 1252, 4 ISO 8859-15 |
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime

from linkexchange.model.identifiers import Kvnr
from linkexchange.model.index import Entry, Source
from linkexchange.model.patient import LocalPatientId
from linkexchange.xdt.lines import Record, records

_KINDS = ("6", "010")
"""GDT 63xx and BDT 61xx, 62xx; KVDT 010x. In other kinds (LDT) field 3000 is something else."""
_SETS = {b"1": "din66003", b"2": "cp437", b"3": "cp1252", b"4": "iso8859-15"}
_USUAL = ("utf-8", "cp437", "cp1252")
"""Tried in this order where a record names none, or names one in which its names are no names."""
_DIN_66003 = str.maketrans("[\\]{|}~", "ÄÖÜäöüß")
_BESIDE_LETTERS = frozenset(" -'.,()/’`´")
_SEXES = {b"1": "M", b"M": "M", b"2": "F", b"W": "F", b"D": "O"}
_YEARS = range(1850, 2200)
"""A year outside of them is a day and a month: so the two ways to write a date never mean two days."""


def patients_of(content: bytes) -> Iterator[Entry]:
    """Every patient that a file names with number, family name and birth date; raises `MessageFault`."""
    of_file = b""
    for record in records(content):
        of_file = record.get("9206", "9106") or of_file
        if record.kind.startswith(_KINDS) and (entry := _entry(record, of_file)):
            yield entry


def _entry(record: Record, declared: bytes) -> Entry | None:
    number, family, given = _texts((record.get("3000"), record.get("3101"), record.get("3102")), declared)
    born = _day(record.get("3103"))
    if not (number and family and born):
        return None
    return Entry(
        local=LocalPatientId(number),
        source=Source.XDT,
        kvnr=_kvnr(record),
        family=family,
        given=given,
        birth_date=born,
        sex=_SEXES.get(record.get("3110").upper(), ""),
    )


def _texts(values: tuple[bytes, ...], declared: bytes) -> list[str]:
    """In the first character set in which all of them can be read and are names."""
    named = [_SETS[declared]] if declared in _SETS else []
    readings: list[list[str]] = []
    for charset in (*named, *_USUAL):
        with suppress(UnicodeDecodeError):
            readings.append([_decode(value, charset) for value in values])
    fallback = [value.decode("cp1252", "replace") for value in values]
    return next((it for it in readings if all(map(_is_name, it[1:]))), (readings or [fallback])[0])


def _decode(value: bytes, charset: str) -> str:
    if charset == "din66003":
        return value.decode("ascii").translate(_DIN_66003)
    return value.decode(charset)


def _is_name(text: str) -> bool:
    """Letters that are Latin, and what stands between them in names."""
    return all(it in _BESIDE_LETTERS or it.isdigit() or unicodedata.name(it, "").startswith("LATIN") for it in text)


def _day(value: bytes) -> date | None:
    for form in ("%d%m%Y", "%Y%m%d"):
        with suppress(ValueError):
            day = datetime.strptime(value.decode("ascii", "replace"), form).date()  # noqa: DTZ007 (a day has no zone)
            if len(value) == 8 and day.year in _YEARS:
                return day
    return None


def _kvnr(record: Record) -> Kvnr | None:
    """The numbers of the old insurance cards have another form, and no check digit that we know."""
    for name in ("3119", "3105"):
        with suppress(ValueError):
            return Kvnr(record.get(name).decode("ascii", "replace").upper())
    return None
