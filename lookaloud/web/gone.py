"""Work whose client may go away before it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from fastapi.responses import Response

if TYPE_CHECKING:
    from fastapi import Request

_Result = TypeVar("_Result")


async def unless_gone(request: Request, work: Awaitable[_Result]) -> _Result | None:
    """Return what the work results in; None, and the work is given up, if the client goes away before.

    Args:
        request: its body has been read, so that nothing more can come but that the client goes away.
        work: is cancelled then.
    """
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_gone_away(request))
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        watch.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


def gone() -> Response:
    """Return the answer to a client that went away: read by nobody, and counted."""
    return Response(status_code=499)


async def _gone_away(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
