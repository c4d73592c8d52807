"""`python -m ti_adapter.simulator.switch`: the switchboard of a running simulated TI, for people.

    … switch state                        what is on, and what was counted
    … switch ocsp "certHash missing" on   let something be wrong, and with `off` right again
    … switch restart klinik               restart a Konnektor; `pin klinik` enters the PIN then
    … switch revoke klinik                what becomes of a card: pull, insert, revoke, expire, exchange

Where the TI is comes from `--url`, or from ti.json in `--folder`; its key from the environment.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from ti_adapter.errors import RecordRefused, RecordSilent
from ti_adapter.simulator.client import Switchboard, UnknownSwitch
from ti_adapter.simulator.serving import ADMIN_KEY_VARIABLE, admin_key

FOLDER_VARIABLE: Final = "TI_SIMULATOR_FOLDER"

_AT_AN_INSTITUTION: Final[Mapping[str, Callable[[Switchboard, str], object]]] = {
    "restart": Switchboard.restart_konnektor,
    "pin": Switchboard.enter_pin,
    "pull": Switchboard.pull_card,
    "insert": Switchboard.insert_card,
    "revoke": Switchboard.revoke_card,
    "expire": Switchboard.expire_card,
    "exchange": Switchboard.exchange_card,
}
_TSL: Final[Mapping[str, Callable[[Switchboard], None]]] = {
    "outdated": Switchboard.outdate_tsl,
    "renewed": Switchboard.renew_tsl,
}


def main() -> None:
    """Do one thing, and end with 0; with 1 and a line on why where it could not be done."""
    parser = argparse.ArgumentParser(
        prog="python -m ti_adapter.simulator.switch", description="Switch a simulated TI.", epilog=_epilog()
    )
    parser.add_argument("--url", default="", help="address of the switchboard")
    parser.add_argument(
        "--folder", type=Path, default=os.environ.get(FOLDER_VARIABLE), help=f"of ti.json; else {FOLDER_VARIABLE}"
    )
    parser.add_argument("words", nargs="+", metavar="WORD")
    key = admin_key(parser)
    options = parser.parse_args()
    board = Switchboard(options.url or _url(parser, options.folder), key)
    try:
        _do(parser, board, options.words)
    except UnknownSwitch as unknown:
        sys.exit("there is no such thing; there are:\n" + "\n".join(unknown.known))
    except RecordRefused as refused:
        sys.exit(f"refused: {refused}; is {ADMIN_KEY_VARIABLE} the key, and is the card in its terminal?")
    except RecordSilent as silent:
        sys.exit(f"the switchboard does not answer: {silent}")


def _do(parser: argparse.ArgumentParser, board: Switchboard, words: list[str]) -> None:
    match words:
        case ["state"]:
            print(json.dumps(asdict(board.state()), indent=1))  # noqa: T201
        case ["tsl", str(what)] if what in _TSL:
            _TSL[what](board)
        case [str(what), str(name)] if what in _AT_AN_INSTITUTION:
            _AT_AN_INSTITUTION[what](board, name)
        case [str(service), str(fault), "on"]:
            board.on(service, fault)
        case [str(service), str(fault), "off"]:
            board.off(service, fault)
        case _:
            parser.error("no such switch")


def _url(parser: argparse.ArgumentParser, folder: Path | str | None) -> str:
    if folder is None:
        parser.error(f"--url, --folder or {FOLDER_VARIABLE} must say where the simulated TI is")
    try:
        said = json.loads((Path(folder) / "ti.json").read_bytes())
        return str(said["switchboard"])
    except (OSError, ValueError, LookupError) as wrong:
        parser.error(f"no ti.json of a running TI: {type(wrong).__name__}")


def _epilog() -> str:
    institution = ", ".join(f"{name} NAME" for name in _AT_AN_INSTITUTION)
    return f"words: state; SERVICE FAULT on|off; {institution}; tsl outdated|renewed"


if __name__ == "__main__":
    main()
