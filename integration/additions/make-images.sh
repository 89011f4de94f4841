#!/bin/sh
# make-images.sh DESTINATION BUSYBOX: images in which engines find little, or much, of what they would add
set -eu
umask 022
cd "$1"
busybox=$2

bare() {
  mkdir -p bin etc data home/app var tmp usr/share/zoneinfo/Europe usr/share/zoneinfo/Etc
  cp "$busybox" bin/busybox
  for applet in sh true cat ls mkdir rm id chmod chown touch ln sleep; do ln -s busybox "bin/$applet"; done
  echo 'root:x:0:0:root:/:/bin/sh' >etc/passwd
  echo 'named:x:1234:1234:named:/home/app:/bin/sh' >>etc/passwd
  echo 'root:x:0:' >etc/group
  echo 'named:x:1234:' >>etc/group
  echo berlin >usr/share/zoneinfo/Europe/Berlin
  echo utc >usr/share/zoneinfo/Etc/UTC
  echo kept >data/kept
  ln -s /run var/run
  chmod 1777 tmp
  chown 1234:1234 home/app
}

# What engines make where it is missing is there, with content, and not as they would make it.
furnished() {
  mkdir -p dev/pts etc proc sys run work
  chmod 0700 run
  chown 1234:1234 work
  for name in hosts hostname resolv.conf; do echo "the image's own" >"etc/$name"; done
  echo 'a file' >etc/mtab
  ln -s ../usr/share/zoneinfo/Etc/UTC etc/localtime
}

layout() {
  umoci init --layout "$1"
  umoci new --image "$1:latest"
}

# LAYOUT DIRECTORY
add_layer() {
  tar --create --format=posix --numeric-owner --sort=name -C "$2" . >layer.tar
  umoci raw add-layer --image "$1:latest" layer.tar
  rm layer.tar
}

archives() {
  skopeo copy --quiet "oci:$1:latest" "oci-archive:$1.oci.tar:latest"
  skopeo copy --quiet "oci:$1:latest" "docker-archive:$1.docker.tar:image:latest"
}

scratch() {
  cp "$busybox" true
}

mkdir tree upper alone
(cd tree && bare)
(cd upper && furnished)
(cd alone && scratch)

layout bare
add_layer bare tree
layout user
add_layer user tree
umoci config --image user:latest --config.user 1001 --config.workingdir /srv/inner --config.volume /data --config.volume /volume
layout furnished
add_layer furnished tree
add_layer furnished upper
umoci config --image furnished:latest --config.workingdir /work
layout scratch
add_layer scratch alone
umoci config --image scratch:latest --config.user 1001
for image in bare user furnished scratch; do archives "$image"; done
rm -r tree upper alone
