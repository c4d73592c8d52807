"""What stands before any server: is the program there, which port is free. Ports are those of the demo's register."""

from __future__ import annotations

import os
import shutil

import pytest

from linkexchange.demo.free_ports import HOST, free_port

__all__ = ["HOST", "PATH", "free_port", "require"]

PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))


def require(*programs: str) -> None:
    """Skip the test when a program is missing; in CI, where all must be there, fail it."""
    missing = [program for program in programs if shutil.which(program, path=PATH) is None]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
