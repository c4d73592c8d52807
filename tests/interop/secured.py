"""The peers that speak DICOM over TLS, each with a certificate of its own and asking for ours."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import certificates
import peers
from interop.tcp import is_open
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet, Verification
from pynetdicom.transport import ThreadedAssociationServer

from linkexchange.dicom.plan import EVERY_SYNTAX
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport, Retrieve

_PROFILE = ("--config-file", "associations.cfg", "Storage")


class SecuredStoreScp(peers.StoreScp):
    """DCMTK's storescp."""

    def __init__(self, files: certificates.NodeCertificate) -> None:
        shown = ("+tls", str(files.key), str(files.certificate), "+cf", str(files.ca), "--require-peer-cert")
        super().__init__("STORESCP", options=(*_PROFILE, *shown))

    def ready(self) -> bool:
        return is_open(self.port)


class SecuredOrthanc(peers.Orthanc):
    """Orthanc."""

    def __init__(self, files: certificates.NodeCertificate) -> None:
        super().__init__(
            DicomTlsEnabled=True,
            DicomTlsCertificate=str(files.certificate),
            DicomTlsPrivateKey=str(files.key),
            DicomTlsTrustedCertificates=str(files.ca),
            DicomTlsRemoteCertificateRequired=True,
        )

    def ready(self) -> bool:
        return is_open(self.http_port) and is_open(self.port)


@dataclass
class Pynetdicom:
    """pynetdicom, in the test process: it keeps the bytes that come, and sends all it was given."""

    files_of_tls: certificates.NodeCertificate | None = None
    received: dict[str, bytes] = field(default_factory=dict)
    held: list[Dataset] = field(default_factory=list)
    port: int = field(default_factory=peers.free_port)

    def __enter__(self) -> Pynetdicom:
        ae = AE("PYNETDICOM")
        ae.add_supported_context(Verification)
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelGet)
        for context in AllStoragePresentationContexts:
            ae.add_supported_context(context.abstract_syntax, list(EVERY_SYNTAX), scu_role=True, scp_role=True)
        handlers: list[Any] = [(evt.EVT_C_STORE, self._keep), (evt.EVT_C_GET, self._send)]
        self._server = ae.make_server(
            (peers.HOST, self.port),
            evt_handlers=handlers,
            ssl_context=self._context(),
            server_class=ThreadedAssociationServer,
        )
        ae._servers.append(self._server)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()

    def passport(self) -> Passport:
        return Passport("pynetdicom", AeTitle("PYNETDICOM"), peers.HOST, self.port, Retrieve.C_GET)

    def upload(self, files: Iterable[bytes]) -> None:
        self.held += [dcmread(BytesIO(file)) for file in files]

    def files(self) -> dict[str, bytes]:
        return self.received

    def _context(self) -> ssl.SSLContext | None:
        files = self.files_of_tls
        return files.server_context() if files else None

    def _keep(self, event: Any) -> int:
        self.received[str(event.request.AffectedSOPInstanceUID)] = event.request.DataSet.getvalue()
        return 0

    def _send(self, _: Any) -> Iterator[Any]:
        yield len(self.held)
        for ds in self.held:
            yield 0xFF00, ds


@contextmanager
def running(pacs: Any) -> Iterator[tuple[Any, Passport]]:
    """A peer, and the passport under which a node knows it: with TLS."""
    with pacs:
        yield pacs, replace(pacs.passport(), tls=True)
