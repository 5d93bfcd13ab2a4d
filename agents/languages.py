"""The languages a briefing is written in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agents.chinese import CHINESE
from agents.english import ENGLISH
from agents.phrases import Phrases

LANGUAGES: Mapping[str, Phrases] = MappingProxyType({"en": ENGLISH, "zh": CHINESE})
