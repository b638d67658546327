"""The process that holds the model. It never imports ``bot``; ``protocol`` and ``errors`` import no torch."""
