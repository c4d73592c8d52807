"""What of a link a Key Object Selection can hold: words for people are shortened, identifiers never.

A shortened number would be another's, so a link with one that does not fit cannot be written at all.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from linkexchange.documents.kos.flavour import UNKNOWN_REGION, Flavour
from linkexchange.documents.text import plain
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.link import Code, Link, LinkStatus, Order
from linkexchange.model.patient import Patient
from linkexchange.model.regions import SNOMED_CT
from linkexchange.model.study import ListingLevel, Manifest, Series

SH_MAX, LO_MAX, PN_MAX = 16, 64, 64
OTHER = "OT"
NO_AE_TITLE = "UNKNOWN"
"""What foreign writers put where they know no AE title."""
_OFFSETS = (timedelta(hours=-12), timedelta(hours=14))
_SEPARATORS = str.maketrans(dict.fromkeys("\\", " "))
_PN_SEPARATORS = str.maketrans(dict.fromkeys("\\^=", " "))


def held(link: Link, flavour: Flavour) -> Link:
    """The link as `read` gives it back. Raises `ValueError` with the element that such a file cannot hold."""
    _check(link, flavour)
    return replace(
        link,
        origin=replace(link.origin, name=plain(link.origin.name)),
        patient=_patient(link.patient),
        manifest=_manifest(link.manifest, flavour),
        published=link.published.astimezone(UTC),
        expires=link.expires.astimezone(UTC),
        started=zoned(link.started) if link.started else None,
        description=line(link.description, LO_MAX),
        orders=tuple(_order(it) for it in link.orders if it != Order()),
        regions=() if flavour is Flavour.XDS_I else tuple(map(_region, _known(link.regions))),
        retrieve_ae=_ae_title(link.retrieve_ae),
    )


def line(text: str, limit: int) -> str:
    """Words on one line, without the character that separates values in DICOM."""
    return " ".join(plain(text.translate(_SEPARATORS)).split())[:limit].rstrip()


def exact(text: str, limit: int, path: str) -> str:
    """A number as it is; raises `ValueError` if it does not fit."""
    if line(text, limit) != text:
        raise ValueError(f"{path}: longer than {limit} characters, or with characters that DICOM has no place for")
    return text


def zoned(moment: datetime) -> datetime:
    """With an offset that DICOM can write (PS3.3 section C.12.1.1.8), whole minutes from -1200 to +1400; else UTC."""
    local = moment.astimezone(moment.tzinfo)
    offset = local.utcoffset() or timedelta()
    fits = _OFFSETS[0] <= offset <= _OFFSETS[1] and not offset % timedelta(minutes=1)
    return local if fits else local.astimezone(UTC)


def _check(link: Link, flavour: Flavour) -> None:
    demanded = [
        (link.status is LinkStatus.AVAILABLE, "Link.status: a withdrawn study has no manifest"),
        (link.level is ListingLevel.INSTANCE, "Link.level: a Key Object Selection names every instance"),
        (all(it.system == SNOMED_CT for it in link.regions), "Link.regions: only SNOMED CT"),
        *(_of_mado(link) if flavour is not Flavour.XDS_I else ()),
    ]
    for met, rule in demanded:
        if not met:
            raise ValueError(rule)


def _of_mado(link: Link) -> tuple[tuple[bool, str], ...]:
    """What MADO wants and XDS-I.b does not (Rev. 1.1, section 6.X.2)."""
    numbered = bool(link.orders) and all(it.accession for it in link.orders)
    return (
        (link.started is not None, "Link.started: MADO wants Study Date and Time"),
        (link.origin.location is not None, "Origin.location: MADO wants a Retrieve Location UID"),
        (numbered, "Link.orders: MADO wants orders with an Accession Number"),
    )


def _patient(patient: Patient) -> Patient:
    family = _component(patient.family)[:PN_MAX].rstrip()
    given = _component(patient.given)[: max(PN_MAX - len(family) - 1, 0)].rstrip()
    sex = patient.sex if patient.sex in {"M", "F", "O"} else ""
    local_id = exact(patient.local_id, LO_MAX, "Patient.local_id")
    return replace(patient, family=family, given=given, sex=sex, local_id=local_id)


def _component(name: str) -> str:
    return line(name.translate(_PN_SEPARATORS), PN_MAX)


def _manifest(manifest: Manifest, flavour: Flavour) -> Manifest:
    """A series without instances is nowhere in the evidence."""
    listed = tuple(_series(it, flavour) for it in manifest.series if it.instances)
    return replace(manifest, series=listed)


def _series(series: Series, flavour: Flavour) -> Series:
    if flavour is Flavour.XDS_I:
        return Series(series.series, "", tuple(replace(it, number=None) for it in series.instances))
    modality = exact(series.modality, SH_MAX, "Series.modality") or OTHER
    return replace(series, modality=modality, description=plain(series.description))


def _order(order: Order) -> Order:
    return Order(
        exact(order.accession, SH_MAX, "Order.accession"),
        exact(order.placer_order_number, LO_MAX, "Order.placer_order_number"),
        exact(order.filler_order_number, LO_MAX, "Order.filler_order_number"),
    )


def _known(regions: tuple[Code, ...]) -> tuple[Code, ...]:
    return tuple(it for it in regions if it.code != UNKNOWN_REGION.value)


def _region(code: Code) -> Code:
    return replace(code, code=exact(code.code, LO_MAX, "Link.regions"), display=line(code.display, LO_MAX))


def _ae_title(title: AeTitle | None) -> AeTitle | None:
    stripped = (title or "").strip()
    return AeTitle(stripped) if stripped and stripped != NO_AE_TITLE else None
