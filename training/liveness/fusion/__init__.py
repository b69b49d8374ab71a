"""Liveness from three sensors: colour, depth and infrared."""
