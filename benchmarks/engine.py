"""The engine against today's way; see ``engine_report``. ``python benchmarks/engine.py --json FILE``."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # or "engine" would be this file
    from engine.settings import quiet_libraries

    quiet_libraries()
    from benchmarks.engine_report import main

    main()
