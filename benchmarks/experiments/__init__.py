"""The experiments of the studies that Sanggar began with, repeated on nano: ``python -m benchmarks.experiments NAME``.

The studies trained Stable Diffusion 2.1 at 512x512 and judged with CLIP ViT-L/14; nano is small and judged with its own
CLIP. Compare the direction of an effect, not the figures.
"""

from engine.settings import quiet_libraries

quiet_libraries()  # before the modules of this package import them
