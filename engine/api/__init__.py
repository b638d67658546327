"""The HTTP side: the OpenAI Images API and our extensions, as a process that listens."""
