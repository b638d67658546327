"""Prompts to embeddings, as ``StableDiffusionPipeline.encode_prompt`` makes them, kept while they are in use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import torch


class PromptEncoder:
    """Encodes texts and remembers the last ones. Any thread may ask; one encodes at a time."""

    def __init__(self, tokenizer: Any, size: int = 128) -> None:
        self._tokenizer = tokenizer
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, torch.Tensor] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def encode(self, text: str, encoder: Any, key: Hashable) -> torch.Tensor:
        """The embedding (1, tokens, width) of ``text``; ``key`` names the state of ``encoder``."""
        with self._lock:
            if (known := self._known.get((key, text))) is not None:
                self._known.move_to_end((key, text))
                self.hits += 1
                return known
            self.misses += 1
            made = encode_text(text, self._tokenizer, encoder)
            self._known[key, text] = made
            if len(self._known) > self._size:
                self._known.popitem(last=False)
            return made


@torch.inference_mode()
def encode_text(text: str, tokenizer: Any, encoder: Any) -> torch.Tensor:
    """The encoder's last hidden state (1, tokens, width); what does not fit is cut off, as in the pipeline."""
    tokens = tokenizer(
        text, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    )
    masked = getattr(encoder.config, "use_attention_mask", None)
    mask = tokens.attention_mask.to(encoder.device) if masked else None
    embedding: torch.Tensor = encoder(tokens.input_ids.to(encoder.device), attention_mask=mask)[0]
    return embedding.to(encoder.dtype)
