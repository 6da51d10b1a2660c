"""Receivers of webhooks for the benchmark: `python -m benchmarks.webhook_receivers PORT`.

In a process of its own, so that it takes nothing of the worker's time. `POST /hook/N` is answered at once, and noted;
`POST /hang/N` never. `GET /ledger` is all that was noted: path, referral, seq and time.
"""

import asyncio
import sys
import time

import orjson

_NO_CONTENT = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


class Receivers:
    """Everybody who is told, and what they were told."""

    def __init__(self) -> None:
        self.ledger: list[tuple[str, str, int, float]] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, _ = head.decode("ascii").split(" ", 2)
            if method == "GET":
                body = orjson.dumps(self.ledger)
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            else:
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                data = orjson.loads(await reader.readexactly(length))["data"]
                if path.startswith("/hang/"):
                    await asyncio.sleep(3600)
                self.ledger.append((path, data["referral_id"], data["seq"], time.monotonic()))
                writer.write(_NO_CONTENT)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(Receivers().answer, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
