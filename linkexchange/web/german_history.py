"""The patient's list in plain German, as text and as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from linkexchange.trail.history import Line
from linkexchange.web import german
from linkexchange.web.pages.text import moment

_DONE = {
    "link.published": "Die Untersuchung wurde in Ihre elektronische Patientenakte eingestellt.",
    "link.withdrawn": "Die Freigabe der Untersuchung wurde beendet.",
    "study.released": "Die Untersuchung wurde für {other} freigegeben.",
    "pull.requested": "Diese Einrichtung hat die Bilder angefordert.",
    "pull.refused": "Diese Einrichtung hat die Bilder nicht bekommen.",
    "pull.ended": "Diese Einrichtung hat Bilder von {other} erhalten.",
    "serving.ended": "{other} hat Bilder von dieser Einrichtung erhalten.",
    "document.served": "{other} hat die Beschreibung der Untersuchung erhalten.",
    "release.asked": "Diese Einrichtung hat {other} um die Bilder gebeten.",
    "release.heard": "{other} hat um die Bilder gebeten.",
    "release.granted": "Die Bilder wurden für {other} freigegeben.",
    "release.emergency": "In einem Notfall wurden die Bilder für {other} freigegeben.",
    "release.denied": "Die Bitte von {other} um die Bilder wurde abgelehnt.",
    "release.reviewed": "Eine Freigabe im Notfall wurde nachträglich geprüft.",
}
_PURPOSES = {
    "TREAT": "für eine Behandlung",
    "ETREAT": "wegen eines Notfalls",
    "COC": "zur Vorbereitung eines Termins",
    "emergency": "wegen eines Notfalls",
    "second-opinion": "für eine zweite Meinung",
    "teleradiology": "für eine Befundung aus der Ferne",
    "no-record": "weil es keine Patientenakte gibt",
}
_AUTHORITIES = {
    "record": "weil der Eintrag in Ihrer Patientenakte gelesen werden durfte",
    "release": "weil die andere Einrichtung es freigegeben hat",
}
_TITLE = "Was mit Ihren Bildern geschehen ist"
_LEAD = (
    "Diese Liste enthält alles, was {house} über Ihre Bilder aufgezeichnet hat. Andere Einrichtungen führen eigene "
    "Aufzeichnungen; fragen Sie dort nach, wenn eine hier genannt ist."
)
_COLUMNS = ("Wann", "Was geschehen ist", "Untersuchung", "Warum", "Ergebnis")
_NONE = "Es ist nichts aufgezeichnet."
_PAGE = """<!doctype html>
<html lang="de"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>
<body><h1>{title}</h1><p>Stand: {at}</p><p>{lead}</p>
{table}</body></html>
"""
_STYLE = (
    "body{font:11pt/1.5 sans-serif;margin:2cm;max-width:60rem}table{border-collapse:collapse;width:100%}"
    "th,td{border-bottom:1px solid #888;padding:.4em .6em;text-align:left;vertical-align:top}"
    "@media print{body{margin:0}tr{break-inside:avoid}}"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is handed over: the lines, who hands them over, and when. `names` gives institutions their names."""

    lines: Sequence[Line]
    house: str
    at: datetime
    names: Callable[[str], str]

    def as_text(self) -> str:
        """To be read aloud, or printed."""
        blocks = ["\n".join(f"{name}: {cell}" for name, cell in self._named(it)) for it in self.lines] or [_NONE]
        return "\n\n".join([f"{_TITLE}\nStand: {moment(self.at)}", _LEAD.format(house=self.house), *blocks]) + "\n"

    def as_page(self) -> str:
        """One HTML file without a script, an address or a cookie: it opens in any browser and prints."""
        rows = "".join(f"<tr>{''.join(map(_cell, self._cells(it)))}</tr>\n" for it in self.lines)
        heads = "".join(f'<th scope="col">{it}</th>' for it in _COLUMNS)
        table = f"<table><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table>"
        return _PAGE.format(
            title=_TITLE,
            style=_STYLE,
            at=moment(self.at),
            lead=escape(_LEAD.format(house=self.house)),
            table=table if self.lines else f"<p>{_NONE}</p>",
        )

    def _cells(self, line: Line) -> tuple[str, ...]:
        return moment(line.at), _what(line, self.names), _study(line), _why(line), _result(line)

    def _named(self, line: Line) -> list[tuple[str, str]]:
        return [(name, cell) for name, cell in zip(_COLUMNS, self._cells(line), strict=True) if cell]


def _cell(text: str) -> str:
    return f"<td>{escape(text) or '–'}</td>"


def _what(line: Line, names: Callable[[str], str]) -> str:
    other = names(line.other) if line.other else "eine andere Einrichtung"
    done = line.action
    if done == "release.granted" and line.purpose == "emergency":
        done = "release.emergency"
    sentence = _DONE.get(done, "Über eine Freigabe der Bilder für {other} wurde entschieden.")
    said = sentence.format(other=other)
    if line.user:
        said += f" Veranlasst hat es: {german.DETAILS.get(line.user, line.user)}."
    return f"{said[0].upper()}{said[1:]}"


def _study(line: Line) -> str:
    named = " ".join(filter(None, (line.study.modalities, line.study.description)))
    day = f"vom {line.study.day:%d.%m.%Y}" if line.study.day else ""
    return " ".join(filter(None, (named, day))) or line.study.uid


def _why(line: Line) -> str:
    said = [_PURPOSES.get(line.purpose, line.purpose), _AUTHORITIES.get(line.authority, line.authority)]
    told = ", ".join(filter(None, said))
    return f"{told[0].upper()}{told[1:]}" if told else ""


def _result(line: Line) -> str:
    state = german.STATES.get(line.state, line.state)
    counted = "" if line.count is None else "1 Bild" if line.count == 1 else f"{line.count} Bilder"
    reason = german.explain_reason(line.reason).cause if line.reason else ""
    return "; ".join(filter(None, (state, counted, reason)))
