"""What the switchboard of the simulated TI shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """By service the faults that are on and the requests that came; by institution signatures and state of the PIN.

    `pins` says `missing` where no card is in the terminal.
    """

    faults: dict[str, list[str]]
    requests: dict[str, int]
    signatures: dict[str, int]
    pins: dict[str, str]
