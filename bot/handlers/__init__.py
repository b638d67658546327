"""Carries out every command and every button, once for all platforms; a frontend only renders the answer."""
