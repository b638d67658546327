"""Makes a text fit into what the text encoder reads: the words around a member's prompt stay, the prompt's end goes.

Imports no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PLACE = "{prompt}"
"""Stands in a frame for what was typed."""


@dataclass(frozen=True, slots=True)
class FittedText:
    """A prompt as it is encoded.

    text: the frame with the words in it. left_out: the words at the end that found no room, empty if all did.
    tokens: how many tokens ``text`` has, without those that begin and end every text.
    """

    text: str
    left_out: str
    tokens: int


def fit_text(words: str, frame: str, tokenizer: Any) -> FittedText:
    """``frame`` with ``words`` in the place of ``{prompt}``, shortened to the encoder's length at the end of a word.

    What the frame says always counts, however long the words are; only a frame that is too long by itself is cut later.
    """
    words = words.strip()
    whole = frame.replace(PLACE, words)
    room = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add()
    tokens = count_tokens(whole, tokenizer)
    if tokens <= room:
        return FittedText(whole, "", tokens)
    ends = [end for _, end in _offsets(words, tokenizer)]
    kept = len(ends) - (tokens - room)
    while kept > 0:
        cut = _word_end(words, ends[kept - 1])
        text = frame.replace(PLACE, words[:cut].rstrip(" ,"))
        if (tokens := count_tokens(text, tokenizer)) <= room:
            return FittedText(text, words[cut:].strip(" ,"), tokens)
        kept -= 1
    return FittedText(frame.replace(PLACE, ""), words, count_tokens(frame.replace(PLACE, ""), tokenizer))


def count_tokens(text: str, tokenizer: Any) -> int:
    """Tokens of ``text``, without those that begin and end every text."""
    return len(_offsets(text, tokenizer))


def _offsets(text: str, tokenizer: Any) -> list[tuple[int, int]]:
    """Where each token of ``text`` begins and ends, in characters."""
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    offsets: list[tuple[int, int]] = encoded["offset_mapping"]
    return offsets


def _word_end(words: str, end: int) -> int:
    """The end of the last whole word at or before ``end``; ``end`` itself inside the only word."""
    if end >= len(words) or words[end].isspace():
        return end
    return max(words.rfind(" ", 0, end), words.rfind("\n", 0, end)) if " " in words[:end].strip() else end
