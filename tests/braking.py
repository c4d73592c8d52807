"""Whether a brake frees a thread that waits for a peer."""

from __future__ import annotations

import threading
from collections.abc import Callable

from linkexchange.ports import Brake

PATIENCE_SECONDS = 8.0


def frees(brake: Brake, use: Callable[[], None], *, over: threading.Event) -> bool:
    """`use` must still wait when the brake is pulled; whether it then ends soon. `over` lets the peer end at last.

    Without the brake it must wait for longer than the patience below.
    """
    thread = threading.Thread(target=use)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    brake.pull()
    thread.join(PATIENCE_SECONDS)
    freed = not thread.is_alive()
    over.set()
    thread.join()
    return freed
