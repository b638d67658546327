"""The engine as a child of ``sanggar``: ends when its parent does, even one that was killed.

The parent holds the other end of standard input open; no message is ever written to it.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def follow_parent() -> None:
    """Ends this process gracefully once standard input is at its end.

    Nobody reads what it says from then on; a line that cannot be written would break off its ending.
    """
    while os.read(0, 1024):
        pass
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=follow_parent, daemon=True).start()
    sys.argv = ["sanggar engine"]
    runpy.run_module("engine", run_name="__main__", alter_sys=True)
