"""One denoising batch for everyone: from an accepted request to its last event."""
