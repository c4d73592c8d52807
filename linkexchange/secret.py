"""A value that opens something, such as the secret of a session: whoever prints it by mistake prints nothing."""

from __future__ import annotations

import hmac
from typing import NoReturn, Self, final


@final
class Secret:
    """Text that shows itself only to who asks for it by `reveal`; it compares in constant time."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends or stores it."""
        return self.__text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __format__(self, _: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__text.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash((Secret, self.__text))

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")
