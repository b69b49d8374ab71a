"""Liveness: simulated attacks, trainings, and reports in the words of ISO/IEC 30107-3."""
