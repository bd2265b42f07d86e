"""From the Spec to the Graph: layers are joined, and every value gets its shape as it is added.

The builder goes on after an error as far as sense allows. A misspelt op or setting is taken for the one that was
probably meant; what an error hides is left open (`meaning`, `possible`). What follows from the unknown
is never reported: each mistake is told once.
"""

from archspec.build.environment import Environment, Use
from archspec.build.model import Built, Settings, build, check_library
from archspec.build.uses import Part

__all__ = ["Built", "Environment", "Part", "Settings", "Use", "build", "check_library"]
