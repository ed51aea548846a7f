"""An httpx transport in which no call outlasts its deadline and every call can be given up from outside.

httpx's own time-outs are per read: a body, or a header, that drips one byte at a time outlasts them for ever.
"""

import ssl
import threading
from collections.abc import Callable, Iterable
from functools import cache
from time import monotonic
from typing import Any

import httpcore
import httpx

SLICE_S = 0.5  # how long a giving-up may go unnoticed


class Deadline:
    """When the call that this thread is making must have ended; ``give_up`` ends those of all threads."""

    def __init__(self) -> None:
        self._of_thread = threading.local()
        self.given_up = threading.Event()

    def start(self, within_s: float) -> None:
        """Begin a call that has ``within_s`` seconds in all."""
        self._of_thread.ends = monotonic() + within_s

    def left_s(self) -> float:
        """Seconds left, at most 0 when time is up or the call was given up."""
        if self.given_up.is_set():
            return 0.0
        return float(getattr(self._of_thread, "ends", monotonic() + SLICE_S) - monotonic())


class DeadlineTransport(httpx.HTTPTransport):
    """The network, with every connect, read and write held to ``deadline``. TLS is always verified."""

    def __init__(self, deadline: Deadline, limits: httpx.Limits) -> None:
        super().__init__(limits=limits, verify=_tls())
        # httpx has no argument for httpcore's documented `network_backend`; a test pins that this reaches it.
        self._pool._network_backend = _Backend(deadline)


@cache
def _tls() -> ssl.SSLContext:
    """One context for all clients of a process: reading the certificate authorities takes 20 ms."""
    return httpx.create_ssl_context()


class _Backend(httpcore.SyncBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(  # type: ignore[override]  # the other options are handed on as they come
        self, host: str, port: int, timeout: float | None = None, **options: Any
    ) -> httpcore.NetworkStream:
        left_s = self._deadline.left_s()
        if left_s <= 0:
            raise httpcore.ConnectTimeout("no time left to connect")
        return _Stream(super().connect_tcp(host, port, min(timeout or left_s, left_s), **options), self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._sliced(lambda slice_s: self._stream.read(max_bytes, slice_s), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, min(timeout or 10.0, max(self._deadline.left_s(), 0.001)))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(*args, **options), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _sliced(self, read: Callable[[float], bytes], timeout: float | None) -> bytes:
        ends = monotonic() + (timeout or 10.0)
        while True:
            slice_s = min(ends - monotonic(), self._deadline.left_s(), SLICE_S)
            if slice_s <= 0:
                raise httpcore.ReadTimeout("no whole answer in time")
            try:
                return read(slice_s)
            except httpcore.ReadTimeout:
                continue


def read_at_most(chunks: Iterable[bytes], max_bytes: int, deadline: Deadline) -> bytes:
    """Join ``chunks``. Raises ValueError past ``max_bytes``, httpx.ReadTimeout past the deadline."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise ValueError(f"the answer is larger than {max_bytes // 1024 // 1024} MiB")
        if deadline.left_s() <= 0:
            raise httpx.ReadTimeout("no whole answer in time")
        parts.append(chunk)
    return b"".join(parts)
