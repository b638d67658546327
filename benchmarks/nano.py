"""How good and how fast nano is; see ``nano_figures``. ``python benchmarks/nano.py --json FILE``."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # or "engine" would be the file beside this one
    from engine.settings import quiet_libraries

    quiet_libraries()
    from benchmarks.nano_figures import main

    main()
