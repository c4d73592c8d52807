"""Which WADO-RS requests fetch what is wanted (PS3.18 section 10.4): as few as possible, and nothing in vain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.model.study import Manifest
from linkexchange.model.subset import Subset

SUBSET = "instances"
"""The query parameter that names some instances of a series. It is ours, and other servers ignore it."""

_Uids = Sequence[SopInstanceUid]
_Some = Callable[[str, _Uids, _Uids], list[str]]


def requests(manifest: Manifest, wanted: frozenset[SopInstanceUid]) -> list[str]:
    """Paths below the base of the service, in the order of the manifest.

    The study where all of it is wanted, a series where all of that is, else one instance each. What is not in the
    manifest is not asked for.
    """
    return _requests(manifest, wanted, _one_by_one)


def with_subsets(manifest: Manifest, wanted: frozenset[SopInstanceUid]) -> list[str]:
    """The same for another node: what is wanted of a series is one request.

    A server that does not know the parameter sends the whole series, of which the rest is passed over.
    """
    return _requests(manifest, wanted, _at_once)


def _requests(manifest: Manifest, wanted: frozenset[SopInstanceUid], some: _Some) -> list[str]:
    study = f"studies/{manifest.study}"
    if manifest.uids <= wanted:
        return [study]
    listed = ((one.series, [it.sop_instance for it in one.instances]) for one in manifest.series)
    return [path for series, uids in listed for path in _of_series(f"{study}/series/{series}", uids, wanted, some)]


def _of_series(path: str, uids: _Uids, wanted: frozenset[SopInstanceUid], some: _Some) -> Iterator[str]:
    mine = [uid for uid in uids if uid in wanted]
    if mine and len(mine) == len(uids):
        yield path
    else:
        yield from some(path, uids, mine)


def _one_by_one(path: str, _: _Uids, mine: _Uids) -> list[str]:
    return [f"{path}/instances/{uid}" for uid in mine]


def _at_once(path: str, uids: _Uids, mine: _Uids) -> list[str]:
    return [f"{path}?{SUBSET}={Subset.of(uids, mine)}"] if len(mine) > 1 else _one_by_one(path, uids, mine)
