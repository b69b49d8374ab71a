"""Updates on the device: a signed bundle goes into the slot that is not running, and proves itself.

`bundle`, `manifest` and `more` are what a bundle is, `signature` whom it is from, `slots` where it
goes, `loader` what is asked of the boot loader (`entries` is systemd-boot, `tryboot` a Raspberry
Pi's firmware), `apply` the order of writing that a power cut may interrupt anywhere, `health` what
a new system must show before it is kept. docs/updates.md tells the whole way.
"""
