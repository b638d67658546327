"""A process that behaves like an engine, or like one that is broken; the first argument says which."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

STATUS = "stopping" if sys.argv[1:] == ["leaving"] else "ready"
HEALTH = {"status": STATUS, "model": "small", "version": "1"}


class Server(HTTPServer):
    """Listens at a port that the test holds for it."""

    allow_reuse_port = True


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(HEALTH).encode() if sys.argv[1] != "stranger" else b"<p>hello</p>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the test reads what the process prints."""


def stop(number: int, frame: object) -> None:
    print("stopping", flush=True)
    sys.exit(0)


if __name__ == "__main__":
    if sys.argv[1] == "broken":
        print("no such model", flush=True)
        sys.exit(3)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[1] == "deaf" else stop)
    server = Server(("127.0.0.1", int(os.environ["SANGGAR_ENGINE_PORT"])), Handler)
    print(f"loaded small at {time.time()}", flush=True)
    if sys.argv[1].startswith("ready on "):
        print(sys.argv[1], flush=True)
    server.serve_forever()
