"""How an adapter is made: a TOML recipe, one loop, and the two methods LoRA and DreamBooth."""
