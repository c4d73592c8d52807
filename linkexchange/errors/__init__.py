"""What can go wrong, in three families named after what happens next.

`Refused`: the rules say no. Never retried, always audited.
`Unavailable`: later may work. The queue retries.
`PeerFault`: the other side sent something wrong. Not retried, reported to it.

Anything else is a bug of ours and crashes the job loudly. The first line of a class's docstring is the cause that a
person reads; `code` is for machines and never changes; `owner` says whose it is, `next_step` what to do. No text
here or in `detail` ever holds patient data, a token or a key.
"""

from __future__ import annotations

from linkexchange.errors.families import *  # noqa: F403
from linkexchange.errors.peer import *  # noqa: F403
from linkexchange.errors.refused import *  # noqa: F403
from linkexchange.errors.releases import *  # noqa: F403
from linkexchange.errors.unavailable import *  # noqa: F403
