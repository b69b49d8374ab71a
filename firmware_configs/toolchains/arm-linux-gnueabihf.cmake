# 32-bit ARM with an FPU, as Debian's armhf: armv7-a (Raspberry Pi 2 and later with a 32-bit Debian).
# Not for the armv6 of a Pi 1 or Zero. Used as aarch64-linux-gnu.cmake, whose comment says how.

set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(FACEGATE_TRIPLE arm-linux-gnueabihf)
set(FACEGATE_EMULATOR qemu-arm)
if(NOT FACEGATE_QEMU_CPU)
  set(FACEGATE_QEMU_CPU cortex-a7)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
