"""A closed loop of keep-alive connections, light enough to leave the processor to the server."""

import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

CONNECTIONS = 4


@dataclass(frozen=True)
class Target:
    """One GET to repeat."""

    port: int
    path: str
    token: str = ""


def requests_per_second(target: Target, *, seconds: float) -> float:
    """How many answers a second `CONNECTIONS` callers get. Fails on any answer but 200."""
    counts = [0] * CONNECTIONS
    end = time.monotonic() + seconds

    def call(place: int) -> None:
        counts[place] = _until(target, end)

    threads = [threading.Thread(target=call, args=(place,)) for place in range(CONNECTIONS)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - started)


def paired(
    first: Callable[[], float], second: Callable[[], float], *, rounds: int = 7
) -> tuple[float, float, float]:
    """Measure in turn, A B B A …: the median of the ratios first / second, and each one's median."""
    pairs = []
    for number in range(rounds + 1):
        if number % 2:
            b, a = second(), first()
        else:
            a, b = first(), second()
        if number:  # the first round warms both up
            pairs.append((a, b))
    ratio = statistics.median(a / b for a, b in pairs)
    return ratio, statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def _until(target: Target, end: float) -> int:
    lines = [f"GET {target.path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"Authorization: Bearer {target.token}"] if target.token else []
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    count = 0
    with socket.create_connection(("127.0.0.1", target.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < end:
            connection.sendall(request)
            _read_answer(connection)
            count += 1
    return count


def _read_answer(connection: socket.socket) -> None:
    data = connection.recv(65536)
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode() + body.decode())
    lowered = head.lower()
    at = lowered.index(b"content-length:") + len(b"content-length:")
    length = int(lowered[at:].split(b"\r\n", 1)[0])
    received = len(body)
    while received < length:
        received += len(connection.recv(65536))
