"""Public networks by name: downloaded, checked, converted and put into a pack."""
