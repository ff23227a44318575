"""The seam between a picture and what is found in it: a finder looks at pictures and gives a finding for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:
    from captioner.picture import Picture, View

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Finding(Protocol):
    """What was found in one picture: words, kinds and numbers, never sentences."""

    name: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        ...


class Finder(Protocol):
    """Looks at pictures.

    Attributes:
        name: of its findings.
        view: the pixels that it looks at; None for none.
        reads_notes: whether it asks for `Picture.notes`.
    """

    name: ClassVar[str]

    @property
    def view(self) -> View | None: ...

    @property
    def reads_notes(self) -> bool: ...

    def find_batch(self, pictures: Sequence[Picture]) -> Sequence[Finding | Exception]:
        """Return a finding for each picture, or why there is none, in their order."""
        ...


def find_each(
    find: Callable[[Sequence[_Item]], Sequence[_Result]], items: Sequence[_Item]
) -> list[_Result | Exception]:
    """Return a result for each item, or the exception that it raised, in their order.

    All are tried together first; if that fails, one of them has spoilt the batch, and which one is not known, so that
    each is tried alone.

    >>> find_each(lambda numbers: [6 // number for number in numbers], [3, 0])
    [2, ZeroDivisionError('integer division or modulo by zero')]
    """
    if len(items) > 1:
        try:
            return list(find(items))
        except Exception:  # noqa: BLE001, S110 - it is raised again by the item that is to blame  # nosec B110
            pass
    return one_by_one(lambda item: find([item])[0], items)


def one_by_one(find: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result | Exception]:
    """Return a result for each item, found alone, or the exception that it raised."""
    results: list[_Result | Exception] = []
    for item in items:
        try:
            results.append(find(item))
        except Exception as error:  # noqa: BLE001 - it belongs to this item, and the others go on
            results.append(error)
    return results
