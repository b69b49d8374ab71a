"""Boots the generic image in an emulator and proves from outside that the door works."""
