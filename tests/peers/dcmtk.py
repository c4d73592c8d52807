"""DCMTK's dcmqrscp and storescp, set up so that nothing that passes through them is changed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from pynetdicom import StoragePresentationContexts
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from peers.server import ENVIRONMENT, Server, stored

_SYNTAXES = (
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2",
)


class _DcmtkServer(Server):
    """What dcmqrscp and storescp have in common: an association profile that takes everything as it comes."""

    def __init__(self, ae_title: str) -> None:
        super().__init__(ae_title)
        (self.folder / "associations.cfg").write_text(_profile())
        (self.folder / "storage").mkdir()

    def part10(self) -> dict[str, bytes]:
        return stored(path for path in (self.folder / "storage").iterdir() if path.name != "index.dat")


class Dcmqrscp(_DcmtkServer):
    """DCMTK's archive. It answers C-FIND, C-GET and C-MOVE in the dialect that most differs from Orthanc's."""

    programs = ("dcmqrscp", "dcmqridx")

    def __init__(self, ae_title: str = "DCMQRSCP", options: Iterable[str] = ()) -> None:
        super().__init__(ae_title)
        self.options = tuple(options)
        rows = (
            f"NetworkTCPPort = {self.port}",
            "MaxPDUSize = 131072",
            "MaxAssociations = 16",
            "HostTable BEGIN\nHostTable END",
            "VendorTable BEGIN\nVendorTable END",
            f"AETable BEGIN\n{ae_title} {self.folder / 'storage'} RW (1000, 4096mb) ANY\nAETable END",
        )
        (self.folder / "dcmqrscp.cfg").write_text("\n".join(rows) + "\n")

    def command(self) -> list[str]:
        profile = ["--assoc-config-file", "associations.cfg", "Everything", "Everything"]
        return ["dcmqrscp", "--config", "dcmqrscp.cfg", "--bit-preserving", *profile, *self.options]

    def upload(self, files: Iterable[Path | bytes]) -> None:
        """Lay files into its storage area and enter them in its index, as if they had always been there."""
        paths = [_copy(file, self.folder / "storage") for file in files]
        if paths:
            subprocess.run(["dcmqridx", "--quiet", "storage", *paths], cwd=self.folder, env=ENVIRONMENT, check=True)


class StoreScp(_DcmtkServer):
    """DCMTK's storescp: takes what is sent and writes it into a folder as it came."""

    programs = ("storescp",)

    def __init__(self, ae_title: str = "STORESCP", options: Iterable[str] = ()) -> None:
        super().__init__(ae_title)
        self.options = tuple(options) or ("--config-file", "associations.cfg", "Storage")

    def command(self) -> list[str]:
        output = ["--bit-preserving", "--output-directory", "storage"]
        return ["storescp", "--fork", "--aetitle", str(self.ae_title), *output, *self.options, str(self.port)]


def _copy(file: Path | bytes, folder: Path) -> str:
    """Write a file under a name of our own; returns its path relative to the folder above."""
    path = folder / f"{len(list(folder.iterdir()))}.dcm"
    path.write_bytes(file if isinstance(file, bytes) else file.read_bytes())
    return str(path.relative_to(folder.parent))


def _profile() -> str:
    """DCMTK association profiles: storage classes in every syntax, in both roles, with and without Query/Retrieve.

    A profile holds 128 contexts: pynetdicom's list of the 120 usual storage classes fits beside the services.
    Without it dcmqrscp takes one compressed syntax at most, and accepts no storage role for C-GET beyond that.
    """
    storage = [str(cx.abstract_syntax) for cx in StoragePresentationContexts]
    services = [
        Verification,
        PatientRootQueryRetrieveInformationModelFind,
        PatientRootQueryRetrieveInformationModelGet,
        PatientRootQueryRetrieveInformationModelMove,
        StudyRootQueryRetrieveInformationModelFind,
        StudyRootQueryRetrieveInformationModelGet,
        StudyRootQueryRetrieveInformationModelMove,
    ]
    stored = [f"{uid}\\Everything" for uid in storage]
    contexts = [*stored, *(f"{uid}\\Uncompressed" for uid in services)]
    return "\n".join(
        (
            "[[TransferSyntaxes]]",
            _section("Everything", "TransferSyntax", _SYNTAXES),
            _section("Uncompressed", "TransferSyntax", _SYNTAXES[-3:]),
            "[[PresentationContexts]]",
            _section("Everything", "PresentationContext", contexts),
            _section("Storage", "PresentationContext", [*stored, f"{Verification}\\Uncompressed"]),
            "[[SCPSCURoleSelection]]",
            _section("Everything", "Role", [f"{uid}\\BOTH" for uid in storage]),
            "[[Profiles]]",
            "[Everything]",
            "PresentationContexts = Everything",
            "SCPSCURoleSelection = Everything",
            "[Storage]",
            "PresentationContexts = Storage",
            "",
        )
    )


def _section(name: str, key: str, values: Iterable[str]) -> str:
    return "\n".join((f"[{name}]", *(f"{key}{place} = {value}" for place, value in enumerate(values, start=1))))
