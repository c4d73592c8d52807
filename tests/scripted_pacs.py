"""A PACS in the test process that does what it is told to, well or badly: pynetdicom with handlers of the test.

with scripted_pacs.serve((evt.EVT_C_FIND, answer)) as passport:
    ...
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import peers
from pydicom.dataset import Dataset, FileMetaDataset
from pynetdicom import AE
from pynetdicom.transport import ThreadedAssociationServer

from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport

AE_TITLE = AeTitle("SCRIPTED")
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT, IMPLICIT, JPEG_2000 = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.90"
ECHO = "1.2.840.10008.1.1"
STUDY_FIND, STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.3"
PATIENT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"

Handler = tuple[Any, Callable[..., Any]]


@contextmanager
def serve(
    *handlers: Handler, services: tuple[str, ...] = (ECHO, STUDY_FIND, PATIENT_FIND, STUDY_GET), **settings: Any
) -> Iterator[Passport]:
    """A PACS that offers these services, and CT and MR storage in both roles; `settings` are those of pynetdicom."""
    ae = AE(AE_TITLE)
    for service in services:
        ae.add_supported_context(service, [EXPLICIT, IMPLICIT])
    for sop_class in (CT, MR):
        ae.add_supported_context(sop_class, [EXPLICIT, IMPLICIT], scu_role=True, scp_role=True)
    for name, value in settings.items():
        setattr(ae, name, value)
    server = ae.make_server((peers.HOST, 0), evt_handlers=list(handlers), server_class=ThreadedAssociationServer)
    ae._servers.append(server)
    # Started by hand, since the interval of start_server makes every test wait half a second for its end.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Passport("scripted", AE_TITLE, peers.HOST, server.socket.getsockname()[1])
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def raw(talk: Callable[[socket.socket], None]) -> Iterator[Passport]:
    """A socket that does not know DICOM: `talk` gets the first connection."""
    with socket.create_server((peers.HOST, 0)) as listener:
        over = threading.Event()

        def run() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    talk(connection)
                    over.wait()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield Passport("raw", AE_TITLE, peers.HOST, listener.getsockname()[1])
        finally:
            over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def instance(uid: str, *, sop_class: str = CT, study: str = "1.2", series: str = "1.2.1") -> Dataset:
    """A small instance without pixels."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, uid
    ds.PatientID, ds.StudyInstanceUID, ds.SeriesInstanceUID = "4711", study, series
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = EXPLICIT
    return ds


def row(**values: str) -> Dataset:
    """An answer to a query."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds
