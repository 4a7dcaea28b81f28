"""A TCP proxy between a process and a server (Postgres, GitHub), which can keep answers back or cut the line.

So a test stands between a commit and its acknowledgement: the server has done the work, the client never hears of it.
"""

import re
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager


class Proxy:
    """Listens on a free port of 127.0.0.1 and hands everything on, until it is told otherwise."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._pattern: re.Pattern[bytes] | None = None
        self._left = 0
        self.held = threading.Event()
        """Set when an answer is being kept back."""
        threading.Thread(target=self._accept, daemon=True).start()

    def hold_answers_after(self, pattern: bytes, nth: int = 1) -> None:
        """From the `nth` request that holds `pattern` on, keep back what the server answers on that connection."""
        with self._lock:
            self._pattern, self._left = re.compile(pattern), nth
            self.held.clear()

    def behave(self) -> None:
        """Hand everything on again; what was kept back is lost."""
        with self._lock:
            self._pattern = None
            self.held.clear()

    def cut(self) -> None:
        """Break all connections."""
        with self._lock:
            for end in list(self._open):
                end.close()
            self._open.clear()

    def close(self) -> None:
        """Stop listening and break all connections."""
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
            except OSError:
                return
            with self._lock:
                self._open |= {client, server}
            muted = threading.Event()
            threading.Thread(target=self._requests, args=(client, server, muted), daemon=True).start()
            threading.Thread(target=self._answers, args=(server, client, muted), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket, muted: threading.Event) -> None:
        tail = b""
        try:
            while data := client.recv(65_536):
                if self._strikes(tail + data):
                    muted.set()
                    self.held.set()
                tail = (tail + data)[-64:]
                server.sendall(data)
        except OSError:
            pass  # one side has gone; the other is told below
        self._end(client, server)

    def _strikes(self, seen: bytes) -> bool:
        with self._lock:
            if self._pattern is None or not self._pattern.search(seen):
                return False
            self._left -= 1
            if self._left > 0:
                return False
            self._pattern = None
            return True

    def _answers(self, server: socket.socket, client: socket.socket, muted: threading.Event) -> None:
        try:
            while data := server.recv(65_536):
                if not muted.is_set():
                    client.sendall(data)
        except OSError:
            pass  # one side has gone; the other is told below
        self._end(client, server)

    def _end(self, *ends: socket.socket) -> None:
        for end in ends:
            with self._lock:
                self._open.discard(end)
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed already


@contextmanager
def proxied(host: str, port: int) -> Generator[Proxy, None, None]:
    """A proxy in front of a server, closed afterwards."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
