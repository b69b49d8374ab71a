#!/bin/sh
# Makes a board of the bare machine: a GPIO chip `door` with the lines LOCK and EXIT, and a camera.
set -eu
here=/run/boot-test
mkdir -p /run/boot-test-state
modprobe -a configfs videodev
insmod "$here/modules/gpio-sim.ko"
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
chip=/sys/kernel/config/gpio-sim/door
mkdir "$chip" "$chip/bank0"
echo 8 >"$chip/bank0/num_lines"
echo door >"$chip/bank0/label"
mkdir "$chip/bank0/line3" "$chip/bank0/line5"
echo LOCK >"$chip/bank0/line3/name"
echo EXIT >"$chip/bank0/line5/name"
echo 1 >"$chip/live"
lines=/sys/devices/platform/$(cat "$chip/dev_name")/$(cat "$chip/bank0/chip_name")
ln -s "$lines/sim_gpio3/value" /run/boot-test-state/lock
ln -s "$lines/sim_gpio5/pull" /run/boot-test-state/exit
systemd-run --quiet --unit=boot-test-watch /usr/bin/python3 "$here/watch.py"
sh "$here/camera.sh" in
