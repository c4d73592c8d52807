"""Which WADO-RS requests fetch what is wanted (PS3.18 section 10.4): as few as possible, and nothing in vain."""

from __future__ import annotations

from collections.abc import Iterator

from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.model.study import Manifest, Series


def requests(manifest: Manifest, wanted: frozenset[SopInstanceUid]) -> list[str]:
    """Paths below the base of the service, in the order of the manifest.

    The study where all of it is wanted, a series where all of that is, else one instance each. What is not in the
    manifest is not asked for.
    """
    study = f"studies/{manifest.study}"
    if manifest.uids <= wanted:
        return [study]
    return [path for series in manifest.series for path in _of_series(study, series, wanted)]


def _of_series(study: str, series: Series, wanted: frozenset[SopInstanceUid]) -> Iterator[str]:
    uids = [instance.sop_instance for instance in series.instances]
    path = f"{study}/series/{series.series}"
    if uids and wanted.issuperset(uids):
        yield path
    else:
        yield from (f"{path}/instances/{uid}" for uid in uids if uid in wanted)
