"""Hands over to the commands."""

from __future__ import annotations

from linkexchange.commands import main

if __name__ == "__main__":
    main()
