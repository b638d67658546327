"""Descriptions of commands in the languages of our catalogues; Discord shows a member the one of their own."""

from __future__ import annotations

import discord
from discord.app_commands import TranslationContextLocation as Location
from discord.app_commands import TranslationContextTypes, Translator, locale_str

from bot.locales import LOCALES
from bot.replies.replies import Catalogues

NAMES = frozenset({Location.command_name, Location.group_name, Location.parameter_name})
"""Kept as they are: help, documentation and other platforms call commands by these names."""


class CatalogueTranslator(Translator):
    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues

    async def translate(
        self, string: locale_str, locale: discord.Locale, context: TranslationContextTypes
    ) -> str | None:
        if context.location in NAMES or locale.value.split("-")[0] not in LOCALES:
            return None
        words = self._catalogues.for_locale(locale.value).table(string.message)
        return None if words == string.message else words
