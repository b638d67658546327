"""What the engine's tests share: tiny models, the diffusers pipeline as judge, and a live server."""
