"""VECTRA-PLAYER: record, keep and understand rugs.fun games on your own machine."""

__version__ = "0.1.0"
