"""The parts of the bot that handlers work with."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.table import CommandTable
from bot.jobs.pictures import PictureStore
from bot.jobs.studio import Studio
from bot.members.limits import Limits
from bot.styles.catalogue import StyleCatalogue
from bot.styles.choosing import AdapterChoice


@dataclass(frozen=True, slots=True)
class Services:
    studio: Studio
    limits: Limits
    catalogue: StyleCatalogue
    adapter_choice: AdapterChoice
    pictures: PictureStore

    @property
    def table(self) -> CommandTable:
        """The commands of this moment."""
        return self.catalogue.commands
