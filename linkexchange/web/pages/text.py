"""Values as text on a page: dates as one writes them in German, and what others wrote, made harmless to read."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime

from markupsafe import Markup

FOREIGN_MAX_CHARACTERS = 300
_UNREADABLE = frozenset({"Cc", "Cf", "Cs", "Co"})
"""Unicode categories of what cannot be seen and can turn the text around it: controls, marks of direction."""


def foreign(text: str) -> Markup:
    """What others wrote: escaped, isolated in its direction, and `readable`."""
    return Markup("<bdi>{}</bdi>").format(readable(text))


def readable(text: str) -> str:
    """Without invisible characters, and not endless; for attributes and options, which hold no element.

    A title that is longer is cut and says so.
    """
    cut = f"{text[:FOREIGN_MAX_CHARACTERS]}…" if len(text) > FOREIGN_MAX_CHARACTERS else text
    return "".join(c for c in " ".join(cut.split()) if unicodedata.category(c) not in _UNREADABLE)


def person(name: str) -> str:
    """A Person Name (PS3.5 section 6.2.1) as one writes it: `Müller, Jörg`. Of several spellings the first."""
    family, *given = name.partition("=")[0].split("^")[:3]
    return ", ".join(filter(None, (family.strip(), " ".join(" ".join(given).split()))))


def moment(at: datetime | None) -> str:
    """Date and time where this machine stands."""
    return f"{at.astimezone():%d.%m.%Y, %H:%M} Uhr" if at else "–"


def day(on: date | None) -> str:
    """A date, as one writes it."""
    return f"{on:%d.%m.%Y}" if on else "–"


def size(count: int) -> str:
    """How many bytes, for people."""
    number = f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
    return number.replace(".", ",")
