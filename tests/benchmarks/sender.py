"""Pynetdicom as a sender: `sender.py FOLDER AE_TITLE PORT` prints the seconds that it took."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage


def main() -> None:
    files, ae_title, port = sorted(Path(sys.argv[1]).iterdir()), sys.argv[2], int(sys.argv[3])
    begun = time.monotonic()
    ae = AE("SENDER")
    ae.add_requested_context(CTImageStorage, "1.2.840.10008.1.2.1")
    assoc = ae.associate("127.0.0.1", port, ae_title=ae_title)
    refused = [file for file in files if assoc.send_c_store(dcmread(file)).get("Status") != 0]
    assoc.release()
    if refused:
        sys.exit(f"not stored: {len(refused)}")
    print(time.monotonic() - begun)


if __name__ == "__main__":
    main()
