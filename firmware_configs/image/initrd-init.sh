#!/bin/sh
# First program of the machine: finds this slot's root and the machine's identity, and goes there.
# Whatever fails starts the machine again; the loader then counts a try of this slot as lost.
PATH=/bin
export PATH

stop() {
    echo "face-gate: not started, door locked: $1" >/dev/console
    sleep 10
    reboot -f
}

# The partition with that name in the partition table. Two of them would be somebody's second medium:
# which one is meant is not guessed.
partition() {
    found=$(grep -lx "PARTNAME=$1" /sys/class/block/*/uevent 2>/dev/null)
    case $found in
    '') return 1 ;;
    *" "* | *"
"*) stop "two partitions are named $1; remove one medium" ;;
    esac
    found=${found%/uevent}
    echo "/dev/${found##*/}"
}

mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs /run

label=
for word in $(cat /proc/cmdline); do
    case $word in root=PARTLABEL=*) label=${word#root=PARTLABEL=} ;; esac
done
[ -n "$label" ] || stop "the kernel's line has no root=PARTLABEL="

# In the order of their needs. One that the machine has no hardware for may refuse.
while read -r module; do
    insmod "/$module" 2>/dev/null
done </etc/modules

tries=0
until root=$(partition "$label") && data=$(partition data); do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || stop "no partition is named $label, or none is named data, after 20 s"
    sleep 0.2
done
for name in esp boot-a boot-b root-a root-b; do
    partition "$name" >/dev/null
done

mount -t squashfs -o ro,nodev "$root" /newroot || stop "$root ($label) holds no usable root"

# The machine's number is on the data partition from the first boot on; the root has none. If the
# partition cannot be read now, a number for this boot will do: systemd checks and reports it.
id=
if mount -t ext4 -o ro,nosuid,nodev,noexec "$data" /data 2>/dev/null; then
    [ -e /data/system/machine-id ] && read -r id </data/system/machine-id
    umount /data
fi
case $id in
*[!0-9a-f]*) id= ;;
????????????????????????????????) ;;
*) id= ;;
esac
[ -n "$id" ] || id=$(tr -d - </proc/sys/kernel/random/uuid)
echo "$id" >/run/machine-id
mount --bind /run/machine-id /newroot/etc/machine-id || stop "no place for the machine's number"

mount --move /run /newroot/run
mount --move /dev /newroot/dev
umount /sys /proc
exec switch_root /newroot /sbin/init
