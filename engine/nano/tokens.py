"""CLIP's tokenizer as Stable Diffusion 2.1 sets it up: 77 positions, padded with ``!`` (token 0)."""

import gzip
import json
from pathlib import Path

from transformers import CLIPTokenizer

MERGES = 49152 - 256 - 2  #: how many merges of the published list CLIP uses


def byte_letters() -> list[str]:
    """The 256 printable letters that stand for the bytes, in CLIP's vocabulary order."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(others))]


def write_tokenizer(published: Path, folder: Path) -> None:
    """Turn OpenAI's published ``bpe_simple_vocab_16e6.txt.gz`` into a tokenizer folder that diffusers loads."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = gzip.decompress(published.read_bytes()).decode().split("\n")[1 : MERGES + 1]
    letters = byte_letters()
    words = letters + [letter + "</w>" for letter in letters] + [line.replace(" ", "") for line in lines]
    vocabulary = {word: index for index, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(lines) + "\n")
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "do_lower_case": True,
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "!",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer of a model folder (its ``tokenizer`` subfolder)."""
    return CLIPTokenizer.from_pretrained(folder / "tokenizer")
