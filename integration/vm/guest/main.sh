#!/bin/sh
# Process 1: what an init system mounts, then the agent. Everything here lies on a tmpfs, where IMA does not look.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root
cd /
mount -t securityfs security /sys/kernel/security
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t tmpfs -o mode=1777,nosuid,nodev tmp /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t ext4 -o ro /dev/vdb /opt
mount --make-rshared /
hostname guest
ip link set lo up
mkdir -p /run/lock
# mount(8) does not load it for `-o loop`; elsewhere udev has made its device.
modprobe loop
case $(cat /proc/cmdline) in *guest=systemd*) . /run/guest/systemd.sh ;; esac
# Process 1 must not end, and must reap what containers leave behind: a shell does both while it waits.
sh /run/guest/agent.sh </dev/null &
while :; do wait; sleep 1000; done
