#!/bin/sh
# camera.sh in: plug the camera in. camera.sh out: pull it out.
set -eu
case $1 in
in)
    insmod /run/boot-test/modules/v4l2loopback.ko video_nr=0 card_label=door exclusive_caps=0
    systemd-run --quiet --unit=boot-test-feeder /usr/bin/python3 /run/boot-test/feeder.py
    for _ in $(seq 100); do
        [ -e /run/boot-test-state/feeding ] && exit 0
        sleep 0.1
    done
    echo "no picture in ten seconds" >&2
    exit 1
    ;;
out)
    systemctl stop boot-test-feeder
    rm -f /run/boot-test-state/feeding
    # While a reader holds the device the kernel keeps it, as it does with a real one.
    for _ in $(seq 300); do
        rmmod v4l2loopback 2>/dev/null && exit 0
        sleep 0.1
    done
    echo "the camera is still in use after 30 seconds" >&2
    exit 1
    ;;
esac
