"""The companion of a link document: a page for systems that show no XML, as PDF/A-2b (ISO 19005-2).

It says which study there is, where, and how to come to the images: the link in words and as a QR code. It is no key:
who reads it still has to read the record. Patient and numbers stand on the page, and in neither title, metadata nor
file name, since those are shown in lists and logs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid5
from xml.sax.saxutils import escape

from linkexchange.model.identifiers import LinkId, Oid
from linkexchange.model.link import Link, LinkStatus

if TYPE_CHECKING:
    from fpdf import FPDF

MEDIA_TYPE = "application/pdf"
ADDRESS = "urn:uuid:"
"""What stands before the link's number in the QR code where nothing else is set: a name, and no address of a server."""
FONT = Path(__file__).parent / "fonts/DejaVuSans.ttf"
_FAMILY, _UNKNOWN = "DejaVu Sans", "\N{WHITE SQUARE}"
_SEXES = {"F": "weiblich", "M": "männlich", "O": "divers"}
_QR_MM, _TEXT_MAX = 42.0, 500
_HINT = (
    "Dieses Blatt enthält keine Bilder. Es begleitet den Bildverweis, der unter derselben Nummer in dieser Akte liegt. "
    "So kommen Sie zu den Bildern: Öffnen Sie den Bilderaustausch Ihrer Einrichtung, suchen Sie die Patientin oder den "
    "Patienten mit der Versichertennummer, und wählen Sie diese Studie. Die Bilder kommen dann aus der genannten "
    "Einrichtung in Ihr PACS."
)
_WITHDRAWN = "Dieser Verweis wurde zurückgezogen. Unter ihm sind keine Bilder mehr abrufbar."


@dataclass(frozen=True, slots=True)
class Companion:
    """The page as a file. `title` is that of the record's list; `file_name` names the link and nobody."""

    content: bytes
    title: str
    file_name: str


def unique_id_of(link: LinkId) -> Oid:
    """The uniqueId under which the page of a link is filed: derived, so that nobody need keep it."""
    return Oid(LinkId(str(uuid5(UUID(link), MEDIA_TYPE))).oid)


def companion(link: Link, *, title: str, address: str = ADDRESS) -> Companion:
    """Write the page of a link; the same link makes the same bytes.

    Args:
        link: What the link document says.
        title: What the record's list shows, without a name.
        address: What the QR code holds before the link's number: `urn:uuid:`, or the address of a page of the house.
    """
    shown = _shown()
    title = shown(title)
    pdf = _empty(link, title, shown(link.origin.name))
    put = _writer(pdf)
    put(title, 16)
    if link.status is LinkStatus.CANCELLED:
        put(_WITHDRAWN, 12)
    _facts(pdf, [(name, shown(text)) for name, text in _rows(link) if text])
    _qr(pdf, address + link.link)
    put(shown(f"Verweis: {address}{link.link}"), 9)
    put(_HINT, 9)
    return Companion(bytes(pdf.output()), title, f"bildverweis-{link.link}.pdf")


def _empty(link: Link, title: str, author: str) -> FPDF:
    # Only a process that publishes needs it, and it takes a third of a second.
    from fpdf import FPDF

    pdf = FPDF(enforce_compliance="PDF/A-2B")
    pdf.set_title(title)
    pdf.set_lang("de-DE")
    pdf.set_creation_date(link.published)
    pdf.set_xmp_metadata(_metadata(link, title, author))
    pdf.add_font(_FAMILY, fname=FONT)
    pdf.set_margin(20)
    pdf.add_page()
    return pdf


def _metadata(link: Link, title: str, author: str) -> str:
    """XMP, as PDF/A wants it (ISO 19005-2 section 6.6). That of the library has the time at which it was written."""
    made = link.published.isoformat(timespec="seconds")
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{escape(author)}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>de-DE</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{made}</xmp:CreateDate><xmp:ModifyDate>{made}</xmp:ModifyDate>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def _rows(link: Link) -> Iterator[tuple[str, str]]:
    """What the study is, in the words of a physician."""
    patient, manifest = link.patient, link.manifest
    born = f", geboren {patient.birth_date:%d.%m.%Y}" if patient.birth_date else ""
    sex = f", {_SEXES[patient.sex]}" if patient.sex in _SEXES else ""
    yield "Person", f"{patient.family}, {patient.given}".strip(", ") + born + sex
    yield "Versichertennummer", patient.kvnr
    yield "Untersuchung", link.description
    yield "Datum", f"{link.started:%d.%m.%Y, %H:%M} Uhr" if link.started else ""
    yield "Verfahren", ", ".join(sorted({it.modality for it in manifest.series if it.modality}))
    images, series = _counted(len(manifest.uids), "Bild", "Bilder"), _counted(len(manifest.series), "Serie", "Serien")
    yield "Umfang", f"{images}, {series}"
    yield "Auftragsnummer", link.accession
    yield "Einrichtung", f"{link.origin.name} ({link.origin.telematik_id})"
    yield "Verweis vom", f"{link.published:%d.%m.%Y}"
    yield "Studie (UID)", manifest.study


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _facts(pdf: FPDF, rows: list[tuple[str, str]]) -> None:
    pdf.set_font(size=10)
    for name, text in rows:
        pdf.cell(45, 6, name)
        pdf.multi_cell(0, 6, text, new_x="LMARGIN", new_y="NEXT", align="L")
    pdf.ln(4)


def _qr(pdf: FPDF, text: str) -> None:
    """As squares: no picture, nothing to resample. The quiet zone of four modules is part of it (ISO/IEC 18004)."""
    import segno

    rows = list(segno.make(text, error="m", micro=False).matrix_iter(border=4))
    size, left, top = _QR_MM / len(rows), pdf.l_margin, pdf.get_y()
    pdf.set_fill_color(0)
    for down, row in enumerate(rows):
        for right, is_dark in enumerate(row):
            if is_dark:
                pdf.rect(left + right * size, top + down * size, size, size, style="F")
    pdf.set_y(top + _QR_MM + 2)


def _writer(pdf: FPDF) -> Callable[[str, float], None]:
    def put(text: str, points: float) -> None:
        pdf.set_font(_FAMILY, size=points)
        pdf.multi_cell(0, points * 0.5, text, new_x="LMARGIN", new_y="NEXT", align="L")
        pdf.ln(3)

    return put


def _shown() -> Callable[[str], str]:
    """Text from image headers as the font can show it: a glyph that is not there is not allowed in a PDF/A."""
    from fontTools.ttLib import TTFont

    with TTFont(FONT, lazy=True) as font:
        known = frozenset(font.getBestCmap())

    def shown(text: str) -> str:
        composed = unicodedata.normalize("NFC", text)[:_TEXT_MAX]
        return "".join(_printable(letter, known) for letter in composed)

    return shown


def _printable(letter: str, known: frozenset[int]) -> str:
    if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"}:
        return " "
    return letter if ord(letter) in known else _UNKNOWN
