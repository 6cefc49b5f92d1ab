"""How often somebody may ask: a token bucket each, in bounded memory. Knows no request and no clock time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from ipaddress import IPv6Address, ip_address
from time import monotonic

MOST_KNOWN = 10_000  # buckets; the longest unused makes room for a new one
NETWORK_V6 = 64  # bits: one subscriber has a network of that size, and could ask from all of it


class Buckets:
    """Each may ask `per_minute` times a minute, and as many at once if it was quiet before."""

    def __init__(
        self, per_minute: int, most_known: int = MOST_KNOWN, now: Callable[[], float] = monotonic
    ) -> None:
        self._most = float(per_minute)
        self._per_second = per_minute / 60
        self._most_known = most_known
        self._now = now
        self._filled: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # tokens, and when

    def __len__(self) -> int:
        return len(self._filled)

    def take(self, who: Hashable) -> float:
        """Ask once. 0 where that is allowed, else the seconds after which it will be."""
        now = self._now()
        tokens, then = self._filled.pop(who, (self._most, now))
        tokens = min(self._most, tokens + (now - then) * self._per_second)
        allowed = tokens >= 1
        self._filled[who] = (tokens - 1 if allowed else tokens, now)  # now the last one used
        if len(self._filled) > self._most_known:
            self._filled.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._per_second


def household(address: str) -> str:
    """The address as far as it tells one subscriber from another."""
    try:
        found = ip_address(address)
    except ValueError:  # a socket file, or what a test client says
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(int(found) >> (128 - NETWORK_V6))


def is_loopback(address: str) -> bool:
    """Whether it is this machine."""
    try:
        found = ip_address(address)
    except ValueError:
        return address == "localhost"
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped.is_loopback
    return found.is_loopback
