from __future__ import annotations

from hypothesis import settings

# On a busy machine a time limit says nothing, and a database of examples would be left behind.
settings.register_profile("house", deadline=None, database=None)
settings.load_profile("house")
