"""The built-in edition: the five plans as data files that an official can read and correct."""

from knowledge.catalogue.load import contents

__all__ = ["contents"]
