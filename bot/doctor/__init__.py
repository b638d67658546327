"""What going live needs, checked one by one; ``examine`` yields what it finds as it finds it."""

from bot.doctor.examination import examine
from bot.doctor.finding import Finding, Mark

__all__ = ["Finding", "Mark", "examine"]
