"""Trains the networks of a pack on a workstation: detector, landmarks with age and gender, pose."""
