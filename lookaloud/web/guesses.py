"""Guesses at the token: counted and slowed for each address. And which address a request comes from."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from time import monotonic
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from lookaloud.errors import TooManyGuessesError

if TYPE_CHECKING:
    from starlette.types import Scope

N_FREE = 10
"""Wrong tokens from one address that cost nothing: a person mistypes, and old cookies are sent."""

_FIRST_SECONDS, _LONGEST_SECONDS = 1.0, 60.0
_FORGET_SECONDS = 900.0
_N_ADDRESSES = 4096


@dataclass
class _Record:
    n_wrong: int = 0
    seen: float = 0.0
    free_at: float = 0.0
    last: bytes = field(default=b"")


class Guesses:
    """Wrong tokens by address. After a few, each further one has the address wait twice as long as the one before.

    While an address waits, nothing that it sends is compared, a right token no more than a wrong one: else waiting
    would cost a guesser nothing. Other addresses are not slowed. The table is bounded: the address that has been quiet
    longest is forgotten first. One wrong token sent again and again is one guess.

    Args:
        clock: seconds that only go forward; another one in tests.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def check(self, address: str) -> None:
        """Return if the address need not wait.

        Raises:
            TooManyGuessesError: it has to; the error says how long.
        """
        record = self._records.get(address)
        left = 0.0 if record is None else record.free_at - self._clock()
        if left > 0:
            raise TooManyGuessesError(
                "Too many wrong tokens came from your address; wait the seconds in Retry-After, then ask again.",
                retry_after=int(left) + 1,
            )

    def note(self, address: str, given: str) -> None:
        """Count a wrong token."""
        now, digest = self._clock(), hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest()
        record = self._records.pop(address, None)
        if record is None or now - record.seen > _FORGET_SECONDS:
            record = _Record()
        self._records[address] = record
        record.seen = now
        if digest != record.last:
            record.last = digest
            record.n_wrong += 1
            if record.n_wrong > N_FREE:
                doubled = _FIRST_SECONDS * 2.0 ** min(record.n_wrong - N_FREE - 1, 10)
                record.free_at = now + min(doubled, _LONGEST_SECONDS)
        while len(self._records) > _N_ADDRESSES:
            self._records.popitem(last=False)

    def __len__(self) -> int:
        """Return how many addresses are known."""
        return len(self._records)


def address_of(scope: Scope, proxies: tuple[str, ...]) -> str:
    """Return whose request it is: an IPv4 address, the /64 network of an IPv6 address, or "unknown".

    X-Forwarded-For, which anybody can write, counts only where the connection comes from one of `proxies`: then the
    last address in it that is not itself one of them.

    >>> address_of({"client": ("2001:db8::7", 80), "headers": []}, ())
    '2001:db8::/64'
    """
    client = scope.get("client")
    peer = grouped(client[0] if client else "")
    trusted = {grouped(each) for each in proxies}
    if peer not in trusted:
        return peer
    passed = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    hops = [grouped(each.strip()) for each in passed[-20:] if each.strip()]
    return next((hop for hop in reversed(hops) if hop not in trusted), peer)


def grouped(address: str) -> str:
    """Return the address, or the network that one client has as a whole: an IPv6 client chooses among 2^64.

    >>> grouped("::ffff:192.0.2.1"), grouped("fe80::1%eth0"), grouped("nonsense")
    ('192.0.2.1', 'fe80::/64', 'unknown')
    """
    try:
        known: IPv4Address | IPv6Address = ip_address(_without_port(address).partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return "::1" if known.is_loopback else str(IPv6Network((known, 64), strict=False))
    return str(known)


def _without_port(address: str) -> str:
    """As some proxies write it: 192.0.2.1:5000 or [2001:db8::7]:5000."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
