#!/bin/busybox sh
# The first program of the initial root: mounts the disk and hands over to main.sh there.
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /root
mount -t devtmpfs dev /dev
for module in /modules/*; do insmod "$module"; done
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t ext4 -o rw,relatime /dev/vda /root || exec sh
mount -t tmpfs -o mode=755,nosuid,nodev run /root/run
cp -r /guest /root/run/guest
for at in dev proc sys; do mount --move "/$at" "/root/$at"; done
exec switch_root /root /run/guest/main.sh
