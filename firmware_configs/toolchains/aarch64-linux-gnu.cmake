# 64-bit ARM boards (Raspberry Pi 3 to 5, every Jetson) from a Debian or Ubuntu workstation.
#
#   apt-get install crossbuild-essential-arm64 qemu-user-static
#   T=$PWD/firmware_configs/toolchains/aarch64-linux-gnu.cmake
#
# C++ tests, run under an emulated Raspberry Pi 4:
#
#   cmake -S . -B build-arm64 -DCMAKE_TOOLCHAIN_FILE=$T
#   cmake --build build-arm64 && ctest --test-dir build-arm64
#
# -DFACEGATE_QEMU_CPU= names another CPU: cortex-a53 is in a Pi 3, cortex-a76 in a Pi 5.
#
# The wheel needs the target's Python headers; nothing of the target's Python is linked or run.
# Debian's lie in one package, which need not be installed:
#
#   dpkg --add-architecture arm64 && apt-get update
#   apt-get download libpython3.11-dev:arm64
#   dpkg -x libpython3.11-dev_*_arm64.deb headers
#
#   export _PYTHON_HOST_PLATFORM=linux-aarch64
#   export CMAKE_ARGS="-DCMAKE_TOOLCHAIN_FILE=$T -DFACEGATE_TARGET_INCLUDE=$PWD/headers/usr/include"
#   python3.11 -m pip wheel . --no-deps -w dist
#
# Run pip with the Python version the target has: the wheel is tagged after it.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

# Programs run on this machine; libraries and headers must be the target's.
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# pybind11 is headers and CMake files only, the same for every target.
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)

if(NOT FACEGATE_QEMU_CPU)
  set(FACEGATE_QEMU_CPU cortex-a72)
endif()
find_program(FACEGATE_QEMU NAMES qemu-aarch64-static qemu-aarch64)
if(FACEGATE_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR
      ${FACEGATE_QEMU} -cpu ${FACEGATE_QEMU_CPU} -L /usr/aarch64-linux-gnu)
endif()

if(FACEGATE_TARGET_INCLUDE)
  if(NOT FACEGATE_TARGET_PYTHON)
    set(FACEGATE_TARGET_PYTHON 3.11)
  endif()
  string(REPLACE "." "" _abi ${FACEGATE_TARGET_PYTHON})
  # Plain variables, because they must win over what the wheel build says of its own interpreter.
  set(Python_INCLUDE_DIR ${FACEGATE_TARGET_INCLUDE}/python${FACEGATE_TARGET_PYTHON})
  # What pybind11 would ask the target's interpreter; on CPython for Linux it is always this.
  set(PYTHON_MODULE_EXTENSION .cpython-${_abi}-aarch64-linux-gnu.so)
  set(PYTHON_MODULE_DEBUG_POSTFIX "")
  set(PYTHON_IS_DEBUG 0)
  set(PYBIND11_USE_CROSSCOMPILING ON)
  # Debian's pyconfig.h includes <aarch64-linux-gnu/python3.11/pyconfig.h>.
  string(APPEND CMAKE_CXX_FLAGS_INIT " -isystem ${FACEGATE_TARGET_INCLUDE}")
endif()
