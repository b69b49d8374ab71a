# What the toolchains of Debian's cross compilers share. The including file sets FACEGATE_TRIPLE,
# FACEGATE_EMULATOR (its program without -static) and, unless the user did, FACEGATE_QEMU_CPU.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${FACEGATE_TRIPLE}-gcc)
set(CMAKE_CXX_COMPILER ${FACEGATE_TRIPLE}-g++)

# Programs run on this machine; libraries and headers must be the target's.
set(CMAKE_FIND_ROOT_PATH /usr/${FACEGATE_TRIPLE})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# pybind11 is headers and CMake files only, the same for every target.
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)

find_program(FACEGATE_QEMU NAMES ${FACEGATE_EMULATOR}-static ${FACEGATE_EMULATOR})
if(FACEGATE_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR
      ${FACEGATE_QEMU} -cpu ${FACEGATE_QEMU_CPU} -L /usr/${FACEGATE_TRIPLE})
endif()

# Where a checkout lies must not show in what is built from it.
string(APPEND CMAKE_CXX_FLAGS_INIT " -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.")

if(FACEGATE_TARGET_INCLUDE)
  if(NOT FACEGATE_TARGET_PYTHON)
    set(FACEGATE_TARGET_PYTHON 3.11)
  endif()
  string(REPLACE "." "" _abi ${FACEGATE_TARGET_PYTHON})
  # Plain variables, because they must win over what the wheel build says of its own interpreter.
  set(Python_INCLUDE_DIR ${FACEGATE_TARGET_INCLUDE}/python${FACEGATE_TARGET_PYTHON})
  # What pybind11 would ask the target's interpreter; on CPython for Linux it is always this.
  set(PYTHON_MODULE_EXTENSION .cpython-${_abi}-${FACEGATE_TRIPLE}.so)
  set(PYTHON_MODULE_DEBUG_POSTFIX "")
  set(PYTHON_IS_DEBUG 0)
  set(PYBIND11_USE_CROSSCOMPILING ON)
  # Debian's pyconfig.h includes one by the target's name, as <aarch64-linux-gnu/python3.11/pyconfig.h>.
  string(APPEND CMAKE_CXX_FLAGS_INIT " -isystem ${FACEGATE_TARGET_INCLUDE}")
endif()
