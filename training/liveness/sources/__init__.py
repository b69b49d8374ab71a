"""Readers of public sets of presentations, as each is unpacked."""
