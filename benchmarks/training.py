"""The LoRA trainer against a bare loop; see ``training_overhead``. ``python benchmarks/training.py --json FILE``."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # or "engine" would be the file beside this one
    from engine.settings import quiet_libraries

    quiet_libraries()
    from benchmarks.training_overhead import main

    main()
