"""The first minutes on a card; see ``gpu_run`` and docs/gpu.md. ``python benchmarks/gpu.py [--rehearse]``."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # or "engine" would be engine.py beside this file
    from engine.settings import quiet_libraries

    quiet_libraries()
    from benchmarks.gpu_run import main

    main()
