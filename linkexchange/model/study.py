"""A study as a list of what it must have: series and instances, and the digest over both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from linkexchange.errors import InstancesNotListed
from linkexchange.model.identifiers import SeriesUid, Sha256, SopClassUid, SopInstanceUid, StudyUid


class ListingLevel(StrEnum):
    """What a manifest names one by one: every instance, or every series with the number of its instances."""

    INSTANCE = "instance"
    SERIES = "series"


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP instance, and the Instance Number people sort by."""

    sop_instance: SopInstanceUid
    sop_class: SopClassUid
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One series with all its instances, or with their number where they are not listed."""

    series: SeriesUid
    modality: str
    instances: tuple[Instance, ...]
    number: int | None = None
    description: str = ""
    unlisted: int = 0

    @property
    def size(self) -> int:
        """How many instances it has."""
        return len(self.instances) or self.unlisted


@dataclass(frozen=True)
class Manifest:
    """Exactly which instances a study has. Raises ValueError when a SOP Instance UID stands in it twice.

    What is derived from it is kept, since a pull asks for it in many places and a study may have thousands.

    One at level `series` has `stated`, the digest of the listing that it has been made from (`outline`). It proves a
    listing that comes from elsewhere, and whoever asks it for instances gets `InstancesNotListed`, never an empty set:
    a transfer of nothing would be complete.
    """

    study: StudyUid
    series: tuple[Series, ...]
    stated: Sha256 | None = None

    def __post_init__(self) -> None:
        if self.stated is not None:
            if not self.size or any(it.instances for it in self.series):
                raise ValueError("manifest at level series without counts, or with instances")
            return
        uids = [instance.sop_instance for instance in self.instances]
        if not uids:
            raise ValueError("manifest without instances")
        if len(set(uids)) != len(uids):
            raise ValueError("manifest names an instance twice")

    def to_json(self) -> list[Any]:
        """How a node keeps it: series with instances, as lists. Read back by `from_json`; never sent anywhere."""
        if self.stated is not None:
            raise InstancesNotListed
        return [
            [it.series, it.modality, [[one.sop_instance, one.sop_class, one.number] for one in it.instances]]
            for it in self.series
        ]

    @classmethod
    def from_json(cls, study: StudyUid, rows: list[Any]) -> Manifest:
        """What `to_json` wrote; numbers and descriptions of series are left out."""
        series = (
            Series(
                SeriesUid(series),
                modality,
                tuple(Instance(SopInstanceUid(uid), SopClassUid(sop_class), number) for uid, sop_class, number in them),
            )
            for series, modality, them in rows
        )
        return cls(study, tuple(series))

    @property
    def level(self) -> ListingLevel:
        """What it names one by one."""
        return ListingLevel.INSTANCE if self.stated is None else ListingLevel.SERIES

    @property
    def size(self) -> int:
        """How many instances the study has, at either level."""
        return sum(it.size for it in self.series)

    def outline(self) -> Manifest:
        """The same at level `series`: counts, and the digest of what is left out."""
        counted = tuple(replace(it, instances=(), unlisted=it.size) for it in self.series)
        return Manifest(self.study, counted, self.digest)

    @property
    def instances(self) -> Iterator[Instance]:
        """All instances, series by series. Raises `InstancesNotListed` at level `series`."""
        if self.stated is not None:
            raise InstancesNotListed
        return (instance for series in self.series for instance in series.instances)

    @cached_property
    def uids(self) -> frozenset[SopInstanceUid]:
        """The set that a complete transfer must equal."""
        return frozenset(instance.sop_instance for instance in self.instances)

    @cached_property
    def sop_classes(self) -> frozenset[SopClassUid]:
        """What presentation contexts are needed for."""
        return frozenset(instance.sop_class for instance in self.instances)

    @cached_property
    def homes(self) -> Mapping[SopInstanceUid, SeriesUid]:
        """The series of every instance."""
        if self.stated is not None:
            raise InstancesNotListed
        return {instance.sop_instance: series.series for series in self.series for instance in series.instances}

    @cached_property
    def digest(self) -> Sha256:
        """SHA-256 over the Study UID and one sorted line `series TAB class TAB instance` for each; LF ends each line.

        It is the same whether the manifest was written as FHIR or as a DICOM Key Object Selection, and in any order.
        """
        if self.stated is not None:
            return self.stated
        rows = sorted(
            (series.series.encode(), instance.sop_instance.encode(), instance.sop_class.encode())
            for series in self.series
            for instance in series.instances
        )
        lines = [self.study.encode(), *(b"\t".join((series, sop_class, uid)) for series, uid, sop_class in rows)]
        return Sha256(hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest())


@dataclass(frozen=True, slots=True)
class StudySummary:
    """What a PACS says about a study when it is asked (C-FIND or QIDO-RS).

    `accessions` are the Accession Numbers (0008,0050) of its orders, `body_parts` the values of Body Part Examined
    (0018,0015) of its series; each is named once.
    """

    manifest: Manifest
    description: str = ""
    accessions: tuple[str, ...] = ()
    started: datetime | None = None
    body_parts: tuple[str, ...] = ()


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Texts of a PACS, each once and in their order, without those that say nothing."""
    return tuple(dict.fromkeys(filter(None, (value.strip() for value in values))))
