"""What nano can draw: the rows of ``concepts.txt``, each with its icons and its English and Indonesian names."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "concepts.txt"
#: The ten that are shown most in training, and on the contact sheet.
FAVOURITES = ("deer", "crocodile", "tiger", "bird", "castle", "mountain", "volcano", "ninja", "fairy", "fox")


@dataclass(frozen=True)
class Concept:
    """One subject. ``weight`` is how often it is drawn compared with an ordinary one."""

    weight: float
    icons: tuple[str, ...]
    left_out: tuple[str, ...]
    english: tuple[str, ...]
    indonesian: tuple[str, ...]

    @property
    def name(self) -> str:
        """The first English name, which is unique."""
        return self.english[0]


def parse(line: str) -> Concept:
    """One row: ``weight | icons | English names | Indonesian names``; ``-set`` leaves an icon set out."""
    weight, icons, english, indonesian = (part.strip() for part in line.split("|"))
    words = icons.split()
    return Concept(
        weight=float(weight),
        icons=tuple(word for word in words if not word.startswith("-")),
        left_out=tuple(word[1:] for word in words if word.startswith("-")),
        english=tuple(name.strip() for name in english.split(",")),
        indonesian=tuple(name.strip() for name in indonesian.split(",")),
    )


@cache
def concepts() -> tuple[Concept, ...]:
    """All concepts, in the table's order."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return tuple(parse(line) for line in lines if line and not line.startswith("#"))
