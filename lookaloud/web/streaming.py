"""Answers that are sent as they are made, by whoever reads them in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send


class Streamed(StreamingResponse):
    """Pieces as they come. Whatever ends it, also a client that goes away or reads too slowly, ends the work.

    Args:
        content: the pieces.
        work: what makes them; closed at the end.
        seconds: how long it may take as a whole: who reads slowly holds a place that others wait for.
    """

    def __init__(
        self,
        content: AsyncIterator[str] | AsyncIterator[bytes],
        work: AsyncGenerator[Any, None],
        *,
        media_type: str,
        seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(content, media_type=media_type, headers=headers)
        self._work = work
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._work):
            try:
                await asyncio.wait_for(super().__call__(scope, receive, send), self._seconds)
            except asyncio.TimeoutError:
                # The answer is not whole, so that the server breaks the connection off.
                raise ClientDisconnect from None
