"""HTTP/1.1 over TLS in plain threads, for answers that are long: one thread for each connection.

    serve(answering, host=host, port=port, context=context)

A body is made by the thread that sends it, block by block, and the next block is made when the socket has taken the one
before: that is all the back-pressure there is, and no byte changes threads. `listener` is for pages and short answers.
"""

from __future__ import annotations

from linkexchange.threaded.message import Answer, Answering, Request
from linkexchange.threaded.server import Beside, Server, serve

__all__ = ["Answer", "Answering", "Beside", "Request", "Server", "serve"]
