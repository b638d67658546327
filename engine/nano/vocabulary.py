"""The words of captions besides the subjects' names: colours, places, hours and fillers, English and Indonesian."""

from dataclasses import dataclass


def listed(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated text."""
    return tuple(part.strip() for part in text.split(","))


#: name: (red, green, blue), Indonesian
COLOURS: dict[str, tuple[tuple[int, int, int], str]] = {
    "red": ((222, 48, 48), "merah"),
    "orange": ((246, 140, 40), "oranye"),
    "yellow": ((250, 214, 60), "kuning"),
    "green": ((70, 176, 80), "hijau"),
    "blue": ((56, 120, 226), "biru"),
    "purple": ((142, 76, 200), "ungu"),
    "pink": ((248, 140, 184), "merah muda"),
    "brown": ((138, 90, 54), "cokelat"),
    "black": ((44, 44, 52), "hitam"),
    "white": ((244, 244, 246), "putih"),
    "grey": ((142, 146, 154), "abu-abu"),
}


@dataclass(frozen=True)
class Place:
    """Where a picture plays: the layers that are drawn, the noun, and phrases that follow a subject."""

    far: tuple[str, ...]
    grounds: tuple[str, ...]
    noun: tuple[str, str]
    english: tuple[str, ...]
    indonesian: tuple[str, ...]


PLACES: dict[str, Place] = {
    "river": Place(
        ("hills", "hills", "forest", "mountains", "village", "open"),
        ("river",),
        ("a river", "sungai"),
        ("by the river", "by a river", "near the river", "beside a river", "at the river", "by the water"),
        ("di tepi sungai", "di pinggir sungai", "di dekat sungai", "di sungai"),
    ),
    "lake": Place(
        ("hills", "forest", "mountains"),
        ("lake",),
        ("a lake", "danau"),
        ("by the lake", "by a lake", "near a pond"),
        ("di tepi danau", "di danau"),
    ),
    "forest": Place(
        ("forest",),
        ("grass", "path", "meadow"),
        ("a forest", "hutan"),
        ("in the forest", "in a forest", "in the woods", "among the trees"),
        ("di hutan", "di dalam hutan", "di tengah hutan"),
    ),
    "mountains": Place(
        ("mountains",),
        ("grass", "meadow"),
        ("mountains", "pegunungan"),
        ("in the mountains", "near the mountains", "with mountains behind"),
        ("di pegunungan", "di gunung", "di kaki gunung"),
    ),
    "hills": Place(
        ("hills",),
        ("grass",),
        ("green hills", "bukit hijau"),
        ("on a hill", "on a green hill", "in the hills"),
        ("di atas bukit", "di bukit"),
    ),
    "meadow": Place(
        ("hills", "open"),
        ("meadow",),
        ("a meadow", "padang bunga"),
        ("in a meadow", "in the garden", "among flowers", "in a field of flowers"),
        ("di taman", "di kebun", "di padang bunga"),
    ),
    "beach": Place(
        ("palms", "open"),
        ("beach",),
        ("a beach", "pantai"),
        ("on the beach", "on a beach", "by the sea"),
        ("di pantai", "di tepi laut"),
    ),
    "sea": Place(
        ("open",),
        ("sea",),
        ("the sea", "laut"),
        ("on the sea", "at sea", "on the ocean"),
        ("di laut", "di samudra", "di lautan"),
    ),
    "desert": Place(
        ("open",), ("desert",), ("a desert", "gurun"), ("in the desert", "in a desert"), ("di gurun", "di padang pasir")
    ),
    "snow": Place(
        ("hills", "mountains", "open"),
        ("snow",),
        ("a snowy land", "padang salju"),
        ("in the snow", "in winter", "on snow"),
        ("di salju", "di musim dingin"),
    ),
    "ricefield": Place(
        ("mountains", "palms", "hills"),
        ("fields",),
        ("rice fields", "sawah"),
        ("in the rice fields", "in a rice field"),
        ("di sawah", "di tengah sawah"),
    ),
    "city": Place(
        ("city",),
        ("street",),
        ("a city", "kota"),
        ("in the city", "in a city", "in the street", "downtown"),
        ("di kota", "di jalan"),
    ),
    "village": Place(
        ("village",),
        ("path", "grass"),
        ("a village", "desa"),
        ("in the village", "in a village"),
        ("di desa", "di kampung"),
    ),
    "market": Place(("market",), ("path",), ("a market", "pasar"), ("in the market", "at a market"), ("di pasar",)),
    "cave": Place(("open",), ("cave",), ("a cave", "gua"), ("in a cave", "in the cave"), ("di gua", "di dalam gua")),
    "jungle": Place(
        ("open",),
        ("jungle",),
        ("a jungle", "rimba"),
        ("in the jungle", "in a jungle"),
        ("di rimba", "di hutan rimba", "di hutan belantara"),
    ),
    "underwater": Place(
        ("open",),
        ("underwater",),
        ("the bottom of the sea", "dasar laut"),
        ("underwater", "under the sea"),
        ("di bawah laut", "di dalam air"),
    ),
    "space": Place(
        ("open",),
        ("space",),
        ("outer space", "luar angkasa"),
        ("in space", "among the stars"),
        ("di luar angkasa", "di antara bintang"),
    ),
}

#: A far layer that is worth a word of its own when another place is in front of it.
BEHIND = {"forest": "forest", "mountains": "mountains", "village": "village"}

HOURS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "day": (("on a sunny day", "in the morning"), ("di siang hari", "di pagi hari")),
    "sunset": (("at sunset", "at dusk", "in the evening"), ("saat matahari terbenam", "saat senja", "di sore hari")),
    "night": (("at night", "under the moon", "under the stars"), ("di malam hari", "di bawah bulan", "malam hari")),
}

#: Words that change nothing in a picture: (English, Indonesian).
FILLERS = (
    listed(
        "clever, cute, brave, little, big, happy, beautiful, old, young, small, friendly, wise, funny, proud, "
        "lonely, strong, gentle, mighty, magical, sleepy, fierce, tiny, huge"
    ),
    listed(
        "cerdik, lucu, berani, kecil, besar, bahagia, cantik, tua, muda, ramah, bijak, kuat, perkasa, ajaib, "
        "pintar, gagah, mungil, baik hati, galak, mengantuk"
    ),
)
OPENINGS = (
    listed(
        "a picture of, a drawing of, an illustration of, storybook illustration of, a painting of, a photo of, a "
        "portrait of, the story of, an image of, concept art of"
    ),
    listed("gambar, lukisan, ilustrasi, cerita, foto, dongeng tentang"),
)
ENDINGS = (
    listed(
        "high quality, detailed, storybook style, fairy tale, masterpiece, flat colours, cartoon, digital art, "
        "sharp, colourful"
    ),
    listed("berkualitas tinggi, gaya buku cerita, dongeng, penuh warna, indah, kartun"),
)
ACTIONS = (
    listed(
        "standing, sitting, walking, running, looking around, smiling, waiting, thinking, dancing, singing, "
        "sleeping, playing"
    ),
    listed("berdiri, duduk, berjalan, berlari, tersenyum, menunggu, menari, bernyanyi, tidur, bermain"),
)
DETERMINERS = (("a", "a", "the", "one", ""), ("seekor", "seorang", "sebuah", "", "si"))
