"""The frontends and the studio behind them. Nothing in here imports torch or ``adapters``."""
