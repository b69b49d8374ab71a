"""What turns this repository into a device: cross-builds, images, updates, and their tests."""
