"""Readers of face data sets: each turns a public layout into `Face` records."""
