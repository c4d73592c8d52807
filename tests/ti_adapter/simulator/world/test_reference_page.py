"""The page on the simulated TI names every call of the switchboard, and every fault that has no list of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from ti_adapter.simulator.broken_vaus import BROKEN_VAUS
from ti_adapter.simulator.world.files import DESCRIPTION
from ti_adapter.simulator.world.patients import patients
from ti_adapter.simulator.world.plan import Plan
from ti_adapter.simulator.world.switchboard import switchboard
from ti_adapter.simulator.world.terminals import terminals
from ti_adapter.simulator.world.vaus import SHOWS

PAGE = (Path(__file__).parents[4] / "docs/reference/ti-simulator.md").read_text()


def test_every_call_stands_in_a_table_and_no_other() -> None:
    routes = [
        one for router in (switchboard, terminals, patients) for one in router.routes if isinstance(one, APIRoute)
    ]
    calls = {f"{method} {route.path.replace(':path', '')}" for route in routes for method in route.methods}
    assert set(re.findall(r"^\| `((?:GET|PUT|POST|DELETE) [^`]+)`", PAGE, re.MULTILINE)) == calls


@pytest.mark.parametrize("name", [*sorted(SHOWS.keys() - BROKEN_VAUS.keys()), DESCRIPTION])
def test_what_no_list_names_the_page_names(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_the_plan_of_the_page_is_one(tmp_path: Path) -> None:
    (plan,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "plan.json").write_text(plan)
    assert [one.pin for one in Plan.read(tmp_path / "plan.json").institutions] == ["verified", "verifiable"]
