"""三防指挥台: one Situation, many views, one local cache."""

__version__ = "0.1.0"
