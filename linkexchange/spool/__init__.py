"""The spool: what was sent to the outbox and cannot be fetched a second time, encrypted on disk until it is delivered.

`Folder` has the files, `Intake` takes what a modality sends, `SpoolArchive` gives it out again as a PACS would. In
which order an instance becomes durable, so that a crash leaves either nothing that counts or a row with its file:

1. The file is written, sealed, under a random name that ends in `.part`; no plaintext is ever written anywhere.
2. The file is synced, then its folder.
3. The row is committed. From here on it waits in the outbox.
4. The file loses its ending, and the sender is answered.

So a `.part` without a row was never acknowledged, and is removed at the next start. A whole name without a row belongs
to a database that has been lost: it is reported, and never removed by itself.
"""

from __future__ import annotations

from linkexchange.spool.archive import SpoolArchive
from linkexchange.spool.folder import Folder, guarded
from linkexchange.spool.intake import Intake, Limit
from linkexchange.spool.key import read_key

__all__ = ["Folder", "Intake", "Limit", "SpoolArchive", "guarded", "read_key"]
