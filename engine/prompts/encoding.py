"""Prompts to embeddings, as ``StableDiffusionPipeline.encode_prompt`` makes them, kept while they are in use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import torch

from engine.transfer import send


class PromptCache:
    """The last embeddings, by whatever made them. Not thread-safe."""

    def __init__(self, size: int = 128) -> None:
        self._size = size
        self._known: OrderedDict[Hashable, torch.Tensor] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def get(self, key: Hashable) -> torch.Tensor | None:
        found = self._known.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._known.move_to_end(key)
        return found

    def put(self, key: Hashable, embedding: torch.Tensor) -> None:
        self._known[key] = embedding
        if len(self._known) > self._size:
            self._known.popitem(last=False)


def encode_text(text: str, tokenizer: Any, encoder: Any) -> torch.Tensor:
    """The encoder's last hidden state (1, tokens, width); what does not fit is cut off, as in the pipeline."""
    tokens = tokenizer(
        text, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    )
    masked = getattr(encoder.config, "use_attention_mask", None)
    mask = send(tokens.attention_mask, encoder.device) if masked else None
    embedding: torch.Tensor = encoder(send(tokens.input_ids, encoder.device), attention_mask=mask)[0]
    return embedding.to(encoder.dtype)
