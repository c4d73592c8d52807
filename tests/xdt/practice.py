"""Files as practice systems write them, of patients that do not exist."""

from __future__ import annotations

from collections.abc import Iterable

KVNR = "A123456780"


def line(name: str, content: bytes) -> bytes:
    """One line; its length counts itself and CR LF."""
    return b"%03d%s%s\r\n" % (len(content) + 9, name.encode(), content)


def record(kind: str, fields: Iterable[tuple[str, str]], *, charset: str = "cp437") -> bytes:
    """One record, as GDT writes it."""
    said = b"".join(line(name, text.encode(charset)) for name, text in fields)
    return line("8000", kind.encode()) + line("8100", b"%05d" % (len(said) + 27)) + said


def gdt(charset: str = "cp437", declared: str = "2", **changes: str) -> bytes:
    """Stammdaten übermitteln (6301) of Jörg Müller; a change with an empty text leaves a field out."""
    fields = {
        "8315": "PACS_GER",
        "8316": "PVS_EDV1",
        "9206": declared,
        "9218": "02.10",
        "3000": "4711",
        "3101": "Müller",
        "3102": "Jörg",
        "3103": "02011970",
        "3110": "1",
        "3119": KVNR,
        **{name.removeprefix("f"): value for name, value in changes.items()},
    }
    return record("6301", [(name, value) for name, value in fields.items() if value], charset=charset)
