# The two commands: `make demo` and `make test`. Everything lands in .venv; nothing else is touched
# but, where this user may, Debian packages that the compiler needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint setup clean cross cross-test image flash update image-test

help:
	@echo "make demo   set up, build, and play the main job (results in demo-output/)"
	@echo "make test   the whole test suite, linters included"
	@echo "make lint   ruff, mypy and clang-format alone"
	@echo "make cross  the wheel for a board's processor (docs/cross.md)"
	@echo "make cross-test  the native tests on that architecture's processors, emulated"
	@echo "make image  one flashable image, BOARD=generic-arm64|rpi4|rpi5|jetson-orin-nano (docs/image.md)"
	@echo "make flash  an image onto a card, verified: BOARD=… DEV=/dev/sdX (docs/install.md)"
	@echo "make update a signed update of a built image: BOARD=… KEY=update.key (docs/updates.md)"
	@echo "make image-test  boots the generic image in an emulator and proves the door (docs/boot-test.md)"
	@echo "make clean  remove .venv, build and demo-output"

$(VENV)/.device: pyproject.toml setup.py CMakeLists.txt $(wildcard native/src/* native/include/facegate/* native/CMakeLists.txt)
	./setup.sh $(PYTHON) $(VENV)
	@touch $@

# torch comes from a pinned version; the rest of what tests and exporter need with it.
$(VENV)/.test: $(VENV)/.device
	$(BIN)/pip install --quiet --editable '.[test,train]'
	@touch $@

setup: $(VENV)/.device

demo: $(VENV)/.device
	$(BIN)/python -m edge.demo --out demo-output

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check edge tests bench training export firmware_configs
	$(BIN)/mypy
	git ls-files 'native/*.cpp' 'native/*.hpp' | xargs $(BIN)/clang-format --dry-run --Werror

# A worker a core, four at most for memory's sake, each with one thread: more would only wait for
# each other. A file stays with one worker, since its tests share what took long to make; files go
# in their order, for else those of one long test (fuzzers, say) would all come last.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# For the commands below any environment will do: they build beside it and leave it as it is.
$(BIN)/python:
	$(MAKE) setup

ARCH ?= arm64
cross: | $(BIN)/python
	$(BIN)/python -m firmware_configs.cross build --arch $(ARCH)

cross-test: cross
	$(BIN)/python -m firmware_configs.cross test --arch $(ARCH) $(if $(filter armhf,$(ARCH)),--only cpp)

BOARD ?= generic-arm64
# CONFIG=site.toml: what the site wants of its door.
image: ARCH = arm64
image: cross
	$(BIN)/python -m firmware_configs.image build --board $(BOARD) $(if $(CONFIG),--config $(CONFIG))

image-test: ARCH = arm64
image-test: cross
	$(BIN)/python -m firmware_configs.boot_test --report docs/boot-test.md

IMAGE = build/image/$(BOARD)/face-gate-$(BOARD).img
# DEV=/dev/sdX or a file; FORCE="--yes --force large": what the command asks for.
flash: | $(BIN)/python
	$(if $(DEV),,$(error say where to: make flash BOARD=$(BOARD) DEV=/dev/sdX))
	$(BIN)/python -m firmware_configs.flash $(IMAGE) $(DEV) $(FORCE)

# KEY=update.key: minisign's secret key, whose public half the image holds.
update: | $(BIN)/python
	$(if $(KEY),,$(error say which key: make update BOARD=$(BOARD) KEY=update.key))
	$(BIN)/python -m firmware_configs.bundle --image $(IMAGE) --key $(KEY) $(if $(OUT),--out $(OUT))

clean:
	rm -rf $(VENV) build demo-output
