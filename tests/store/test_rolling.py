"""A rolling upgrade: the oldest code that may still serve goes on working on the newest schema."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from linkexchange.store import schema

pytestmark = [pytest.mark.slow, pytest.mark.database]
_ROOT = Path(__file__).parents[2]
_MIGRATIONS = "linkexchange/store/migrations"
_THEIRS = ("tests/test_resolve.py", "tests/test_push.py", "tests/store/test_work.py", "tests/pull/test_finish.py")
"""Tests of the ledger, the resolver and the pulls."""
_ABOUT_THE_SCHEMA = "are_those_of_the_migrations or entry_and_event_of_a_grant_are_kept"
"""These look at the tables and their columns themselves."""


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=_ROOT, check=True, capture_output=True).stdout


def code_with(revision: str, folder: Path) -> Path:
    """The last tree of whose migrations this is the newest."""
    newer = [file for file in (_ROOT / _MIGRATIONS / "versions").glob("[0-9]*.py") if file.name > f"{revision}_~"]
    added = git("log", "--diff-filter=A", "--format=%H", "--", *(str(file.relative_to(_ROOT)) for file in newer))
    # A migration that no commit has yet came after the last one.
    before = f"{added.decode().split()[-1]}^" if added else "HEAD"
    with tarfile.open(fileobj=BytesIO(git("archive", before))) as archive:
        archive.extractall(folder)
    return folder


def test_the_oldest_version_that_may_serve_works_on_this_schema(tmp_path: Path) -> None:
    old = code_with(schema.FIRST_SHARED, tmp_path)
    assert max((old / _MIGRATIONS / "versions").glob("[0-9]*.py")).name.startswith(schema.FIRST_SHARED)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(old), str(old / "ti-adapter/src"), str(Path(__file__).parent)]),
        "NEWER_MIGRATIONS": str(_ROOT / _MIGRATIONS),
        "NEWER": schema.NEWEST,
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "newer_schema", "-p", "no:cacheprovider"]
    chosen = ["-m", "database and not slow and not peers", "-k", f"not ({_ABOUT_THE_SCHEMA})", *_THEIRS]
    ran = subprocess.run([*command, *chosen], cwd=old, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout
