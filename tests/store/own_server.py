"""A PostgreSQL server that is no node's own: reached by its URL, and stopped as by a power cut."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from linkexchange.store import embedded


@dataclass
class OwnServer:
    """It runs until the block of `running` ends."""

    _server: embedded._Server
    _process: subprocess.Popen[bytes]
    _addresses: embedded.Addresses

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[OwnServer]:
        with tempfile.TemporaryDirectory(prefix="le-", ignore_cleanup_errors=True) as sockets:
            server = embedded._Server(folder, Path(sockets), embedded._unprivileged(folder))
            process = server.start()
            mine = cls(server, process, server.prepare(process))
            try:
                yield mine
            finally:
                mine._process.send_signal(signal.SIGINT)
                mine._process.wait()

    def database(self, name: str) -> dict[str, str]:
        """A database of this name, as the settings of a hub or node."""
        with closing(psycopg.connect(self._server._superuser_url(), autocommit=True)) as connection:
            made = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(made.format(sql.Identifier(name), sql.Identifier(embedded.OWNER_ROLE)))
        urls = {"database_url": self._addresses.serving, "database_owner_url": self._addresses.owner}
        return {
            key: make_url(url).set(database=name).render_as_string(hide_password=False) for key, url in urls.items()
        }

    def restart(self) -> None:
        """Immediate: no transaction ends, no connection is told, and the log is replayed at the start."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        self._process = self._server.start()
        self._server._connect(self._process).close()
