from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from epa_bench import KVNR, Exchanges, answering, broken, rest

from ti_adapter.epa import (
    EpaCode,
    EpaRefused,
    Kvnr,
    Locations,
    LocationUnknown,
    NoRecord,
    RecordState,
    RecordSuspended,
    Rest,
    locate,
)
from ti_adapter.epa import location as locations_module
from ti_adapter.simulator.epa import Records, SimulatedRecord, create_app

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Country:
    """Three record systems."""

    records: dict[str, Records] = field(default_factory=lambda: {name: Records() for name in ("1", "2", "3")})
    exchanges: Exchanges = field(default_factory=Exchanges)

    def systems(self) -> dict[str, Rest]:
        return {name: rest(create_app(records), self.exchanges) for name, records in self.records.items()}

    def put(self, system: str, state: RecordState = RecordState.ACTIVATED) -> None:
        self.records[system].by_kvnr[KVNR.value] = SimulatedRecord(state)

    def use(self, system: str) -> str:
        """As any service behind the login does: refused where the record is not."""
        self.records[system].activated(KVNR.value)
        return system


def refusing(used: list[str], refused: EpaRefused) -> Callable[[str], None]:
    """Notes the system at which a record was to be used, and is refused there."""

    def refuse(system: str) -> None:
        used.append(system)
        raise refused

    return refuse


@pytest.mark.parametrize("system", ["1", "2", "3"])
def test_a_record_is_found_at_whichever_system_has_it(system: str) -> None:
    country = Country()
    country.put(system)
    assert locate(country.systems(), KVNR) == system


def test_a_record_that_has_moved_is_found_where_it_is_active() -> None:
    country = Country()
    country.put("1", RecordState.SUSPENDED)
    country.put("3")
    assert locate(country.systems(), KVNR) == "3"


def test_a_suspended_record_is_told_with_its_system() -> None:
    country = Country()
    country.put("2", RecordState.SUSPENDED)
    with pytest.raises(RecordSuspended) as suspended:
        locate(country.systems(), KVNR)
    assert suspended.value.system == "2"


def test_no_record_is_only_said_when_all_have_said_so() -> None:
    with pytest.raises(NoRecord):
        locate(Country().systems(), KVNR)


SILENT = {"broken": broken(), "nonsense": answering(200), "another 404": answering(404), "down": answering(503)}


@pytest.mark.parametrize("silent", SILENT.values(), ids=SILENT)
def test_F20_a_silent_system_neither_hides_a_record_nor_makes_it_absent(silent: Rest) -> None:  # noqa: N802
    country = Country()
    with pytest.raises(LocationUnknown) as unknown:
        locate({"0": silent, **country.systems()}, KVNR)
    assert unknown.value.silent == ("0",)
    country.put("3")
    assert locate({"0": silent, **country.systems()}, KVNR) == "3"


def test_what_was_found_is_remembered_for_a_day() -> None:
    country = Country()
    country.put("2")
    locations = Locations(country.systems())
    for hours in (0, 1, 23):
        assert locations.at(KVNR, NOW + timedelta(hours=hours), country.use) == "2"
    assert len(country.exchanges.requests) == 2
    locations.at(KVNR, NOW + timedelta(hours=24), country.use)
    assert len(country.exchanges.requests) == 4


@pytest.mark.parametrize("left_behind", [RecordState.UNKNOWN, RecordState.SUSPENDED])
def test_a_record_that_moves_is_followed(left_behind: RecordState) -> None:
    country = Country()
    country.put("1")
    locations = Locations(country.systems())
    locations.at(KVNR, NOW, country.use)
    country.put("1", left_behind)
    country.put("3")
    assert [locations.at(KVNR, NOW, country.use) for _ in range(2)] == ["3", "3"]


def test_a_record_that_went_away_is_not_remembered() -> None:
    country = Country()
    country.put("1")
    locations = Locations(country.systems())
    locations.at(KVNR, NOW, country.use)
    country.put("1", RecordState.UNKNOWN)
    with pytest.raises(NoRecord):
        locations.at(KVNR, NOW, country.use)
    country.put("2")
    assert locations.at(KVNR, NOW, country.use) == "2"


def test_another_refusal_is_not_a_move_and_is_asked_once() -> None:
    country, used = Country(), list[str]()
    country.put("1")
    locations = Locations(country.systems())
    locations.at(KVNR, NOW, country.use)
    with pytest.raises(EpaRefused):
        locations.at(KVNR, NOW, refusing(used, EpaRefused(403, EpaCode.NOT_ENTITLED)))
    assert (used, len(country.exchanges.requests)) == (["1"], 1)


def test_a_service_that_says_moved_while_the_record_is_still_there_is_not_asked_twice() -> None:
    country, used = Country(), list[str]()
    country.put("1")
    locations = Locations(country.systems())
    locations.at(KVNR, NOW, country.use)
    with pytest.raises(EpaRefused):
        locations.at(KVNR, NOW, refusing(used, EpaRefused(409, EpaCode.STATUS_MISMATCH)))
    assert used == ["1"]


def test_the_oldest_is_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations_module, "REMEMBERED_MAX", 1)
    country = Country()
    other = Kvnr("B123456780")
    country.put("1")
    country.records["1"].by_kvnr[other.value] = SimulatedRecord()
    locations = Locations(country.systems())
    for kvnr in (KVNR, other, KVNR):
        locations.at(kvnr, NOW, country.use)
    assert len(country.exchanges.requests) == 3
