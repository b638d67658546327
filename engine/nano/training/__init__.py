"""How nano was trained: the stages vae, clip and unet, each of which can be stopped and resumed."""
