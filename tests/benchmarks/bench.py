"""What the rows share: where files lie, what runs, how contenders take turns."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import ours, pacs, studies
from benchmarks.ours import Ours
from benchmarks.pacs import Archive, Pacs
from benchmarks.studies import Study

from linkexchange.model.passport import Passport, Retrieve

Contender = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    runs: int = 5
    quick: bool = False
    nagle: bool = False
    way: Retrieve = Retrieve.C_GET

    def sized(self, study: Study) -> Study:
        """The study, or a part of it where there is little time."""
        return study.only(200) if self.quick else study


@dataclass
class Bench:
    """A folder in memory, three PACS and our network, all on the loopback address."""

    plan: Plan
    root: Path
    pacs: Pacs
    ours: Ours
    _filled: set[str] = field(default_factory=set)
    _entries: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def ways(self) -> list[Retrieve]:
        """How the origin's node can fetch: C-MOVE only if it has a port for what comes then."""
        return [way for way in Retrieve if way is not Retrieve.C_MOVE or self.ours.receives()]

    def fill(self, study: Study) -> Path:
        """Bring a study into the origin, once; the folder of its files."""
        folder = self.root / study.name
        if study.name not in self._filled:
            self.pacs.origin.fill(studies.write(study, self.root))
            self._filled.add(study.name)
        return folder

    def part(self, study: Study, part: Study) -> Path:
        """A folder with the first files of a study."""
        self.fill(study)
        return studies.part(self.root, study, part)

    def entry(self, study: Study, way: Retrieve) -> str:
        """The record's entry of a study that is fetched in a certain way. A later link replaces the earlier one."""
        self.fill(study)
        key = (study.name, way.value)
        if key not in self._entries:
            self._entries = {known: entry for known, entry in self._entries.items() if known[0] != study.name}
            self._entries[key] = self.ours.publish(study, self.pacs.origin.way(way))
        return self._entries[key]

    def pull(self, study: Study, destination: Passport, *, way: Retrieve | None = None) -> float:
        return self.ours.pull(study, self.entry(study, way or self.plan.way), destination)

    def kept(self, study: Study, call: Contender) -> float:
        """Time what fills the archive, see that all has arrived, and empty it again."""
        seconds = call()
        see_kept(self.pacs.archive, study.instances)
        return seconds

    def turns(self, contenders: Mapping[str, Contender], *, runs: int = 0) -> dict[str, list[float]]:
        return turns(contenders, runs=runs or self.plan.runs)


def turns(contenders: Mapping[str, Contender], *, runs: int) -> dict[str, list[float]]:
    """Let contenders take turns, after a round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(runs + 1):
        for name, run in contenders.items():
            took = run()
            if turn:
                seconds[name].append(took)
    return seconds


def see_kept(archive: Archive, instances: int) -> None:
    """All have arrived; then the archive is emptied."""
    count = archive.count()
    archive.empty()
    if count != instances:
        raise ours.Untrue(f"{count} of {instances} instances in the archive")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory, in which the peers put theirs as well."""
    memory = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="linkexchange-bench-", dir=memory if memory.is_dir() else None))
    root.chmod(0o711)
    before, tempfile.tempdir = tempfile.tempdir, str(root)
    try:
        yield root
    finally:
        tempfile.tempdir = before
        with suppress(OSError):
            shutil.rmtree(root)


@contextmanager
def running(plan: Plan, root: Path) -> Iterator[Bench]:
    """Start the PACS and our network."""
    with pacs.running() as three:
        destinations = [three.discard.as_destination(), three.archive.as_destination()]
        sites = [ours.hospital(three.origin.ways(), settings=ours.receiving()), ours.practice(destinations)]
        with ours.running(sites) as network:
            for title, port in network.receives().items():
                three.origin.know(title, port)
            yield Bench(plan, root, three, network)
