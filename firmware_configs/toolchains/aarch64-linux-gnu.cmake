# 64-bit ARM boards (Raspberry Pi 3 to 5, every Jetson) from a Debian or Ubuntu workstation.
# `make cross` and `make cross-test` do all of it (docs/cross.md). By hand, the C++ tests:
#
#   apt-get install crossbuild-essential-arm64 qemu-user-static
#   cmake -S . -B build-arm64 \
#     -DCMAKE_TOOLCHAIN_FILE=$PWD/firmware_configs/toolchains/aarch64-linux-gnu.cmake
#   cmake --build build-arm64 && ctest --test-dir build-arm64
#
# -DFACEGATE_QEMU_CPU= names another CPU: cortex-a53 is in a Pi 3, cortex-a76 in a Pi 5.
# -DFACEGATE_TARGET_INCLUDE= is the folder with the target's python3.11/Python.h, for the extension.

set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(FACEGATE_TRIPLE aarch64-linux-gnu)
set(FACEGATE_EMULATOR qemu-aarch64)
if(NOT FACEGATE_QEMU_CPU)
  set(FACEGATE_QEMU_CPU cortex-a72)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
