"""A server that means harm: it answers with the bytes that it is told, whatever is asked."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[bytes], Iterator[bytes]]
"""Takes a request's head, gives the pieces of what is sent; the connection is closed behind."""


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """The address of a server on a port of this machine while the block runs."""
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listening, answer), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _serve(listening: socket.socket, answer: Answer) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_talk, args=(connection, answer), daemon=True).start()


def _talk(connection: socket.socket, answer: Answer) -> None:
    with connection, suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head:
            if not (part := connection.recv(65_536)):
                return
            head += part
        for piece in answer(head):
            connection.sendall(piece)


def head_of(*lines: str, status: str = "200 OK") -> bytes:
    """The head of an answer that ends its connection."""
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *lines, "", ""]).encode("latin1")
