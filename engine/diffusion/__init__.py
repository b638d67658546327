"""The Stable Diffusion model and what is done with it by itself: prompts, samplers, pictures."""
