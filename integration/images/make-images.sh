#!/bin/sh
# Makes the images that the tests and the benchmark read: make-images.sh test|bench ROOTFS DESTINATION
#
# Made by buildah, umoci, skopeo and GNU tar and by nothing of ours: their digest must come out the same all the same.
set -eu
umask 022

base=$2
cd "$3"
storage=$PWD/storage

buildah() { command buildah --root "$storage" --runroot "$storage/run" --storage-driver overlay "$@"; }

# FUNCTION NEW OLD: the image NEW is OLD and one layer more, what FUNCTION changes in its root.
layer() {
  container=$(buildah from --pull-never "$3")
  root=$(buildah mount "$container")
  (cd "$root" && "$1")
  buildah umount "$container" >/dev/null
  buildah commit --rm --quiet --disable-compression "$container" "$2" >/dev/null
}

debian() { cp -a "$base/." .; }

# What later layers change.
ground() {
  mkdir -p srv/opaque/below srv/replaced/below srv/modes srv/mixed
  echo old >srv/opaque/below/old
  echo old >srv/opaque/old
  echo 'a directory' >srv/replaced/below/file
  echo shared >srv/first-name
  ln srv/first-name srv/second-name
  ln srv/first-name srv/third-name
  ln -s opaque/old srv/link
  ln -s /srv/opaque srv/directory-link
  printf 'x' >"srv/$(printf 'bytes \377\001 # * \\ \n end')"
  long=$(printf '%0240d' 0)
  mkdir -p "srv/$long/$long"
  echo long >"srv/$long/$long/file"
  ln -s "/srv/$long/$long/file" srv/long-link
  truncate -s 5M srv/sparse
  mkfifo srv/fifo
  mknod srv/null c 1 3
  mknod srv/loop b 7 259
}

deletions() {
  rm -r usr/share/doc usr/share/locale
  rm etc/debian_version srv/link
}

opaque() {
  rm -r srv/opaque
  mkdir srv/opaque
  echo new >srv/opaque/new
}

# One of three names changes; another becomes the link of a fourth, which overlayfs copies up.
links() {
  rm srv/second-name
  echo another >srv/second-name
  ln srv/first-name srv/fourth-name
}

capabilities() {
  cp bin/true srv/modes/true
  setcap cap_net_raw+ep srv/modes/true
  cp bin/true srv/modes/false
  chmod 6755 srv/modes/false
  setfattr -n user.comment -v 'engines may keep this' srv/modes/false
  chmod 1777 srv/modes
  mkdir -m 2750 srv/modes/group
}

users() {
  chroot . useradd --uid 1000 --create-home app
  touch home/app/owned srv/far
  chown -R 1000:1000 home/app
  chown 4000000:4000001 srv/far
  chown -h 1000:0 srv/directory-link
}

to_file() {
  rm -r srv/replaced srv/third-name
  echo 'a file' >srv/replaced
}

to_link() {
  rm srv/replaced srv/loop srv/null
  ln -s mixed srv/replaced
  mkdir srv/loop
  mknod srv/null c 1 5
}

# The layer that umoci makes: `umoci insert` writes the opaque marker itself.
opaque_by_umoci() {
  mkdir inserted
  echo umoci >inserted/only
  umoci insert --image "$1" --opaque inserted /srv/mixed
  umoci insert --image "$1" --whiteout /srv/fourth-name
  rm -r inserted
}

many_layers() {
  layer debian debian scratch
  old=debian
  for step in ground deletions opaque links capabilities users to_file to_link; do
    layer "$step" "$step" "$old"
    old=$step
  done
  buildah push --quiet --format oci "$old" oci:gzip:latest
  opaque_by_umoci gzip:latest
}

# `skopeo copy` compresses anew and repacks; the layers' bytes stay the same.
other_forms() {
  skopeo copy --quiet --dest-compress-format zstd --dest-compress oci:gzip:latest oci:zstd:latest
  skopeo copy --quiet oci:gzip:latest oci-archive:oci.tar:latest
  skopeo copy --quiet oci:gzip:latest docker-archive:docker.tar:image:latest
  gzip -1 -c docker.tar >docker.tar.gz
  # It leaves the media type at gzip; engines go by the content.
  skopeo copy --quiet --dest-oci-accept-uncompressed-layers docker-archive:docker.tar oci:mislabelled:latest
  container=$(buildah from --quiet oci:gzip:latest)
  one_layer squashed "$(buildah mount "$container")"
  buildah rm "$container" >/dev/null
  uncompressed gzip plain
}

# LAYOUT DIRECTORY: an image of one layer, by GNU tar.
one_layer() {
  umoci init --layout "$1"
  umoci new --image "$1:latest"
  archive -C "$2" --exclude=./lost+found . >"$1.tar"
  umoci raw add-layer --image "$1:latest" "$1.tar"
  rm "$1.tar"
}

archive() {
  tar --create --format=posix --numeric-owner --xattrs --xattrs-include='*' --sort=name "$@"
}

# The Debian rootfs in eight layers of about the same size, each with the directories above its files.
eight_layers() {
  umoci init --layout eight
  umoci new --image eight:latest
  (cd "$base" && find . -mindepth 1 -printf '%s %p\n') | LC_ALL=C sort -k 2 | awk '
    function add(path) {
      if (!((list, path) in added)) print path >list
      added[list, path] = 1
    }
    { size[NR] = $1 + 1024; path[NR] = substr($0, length($1) + 2); total += size[NR] }
    END {
      for (i = 1; i <= NR; i++) {
        list = "list-" int(seen * 8 / total)
        seen += size[i]
        for (slash = 3; at = index(substr(path[i], slash), "/"); slash += at) add(substr(path[i], 1, slash + at - 2))
        add(path[i])
      }
    }'
  for number in 0 1 2 3 4 5 6 7; do
    archive -C "$base" --no-recursion --files-from="list-$number" >layer.tar
    umoci raw add-layer --image eight:latest layer.tar
    rm "list-$number" layer.tar
  done
}

uncompressed() {
  container=$(buildah from --quiet "oci:$1:latest")
  # One layer more, without entries.
  buildah commit --rm --quiet --disable-compression "$container" "oci:$2:latest" >/dev/null
}

# Two layers that are valid and that containerd, Docker and podman each show another tree of.
disputed() {
  mkdir -p below/private below/usr/bin above/private above/bin
  chmod 0700 below/private
  chmod 0750 below/usr/bin
  chown 5:5 below/private
  echo below >below/private/file
  echo above >above/private/other
  ln -s usr/bin below/bin
  echo tool >above/bin/tool
  umoci init --layout disputed
  umoci new --image disputed:latest
  archive -C below . >layer.tar
  umoci raw add-layer --image disputed:latest layer.tar
  # Files without their directories, behind a header for all of them, whose own name is that of no file.
  archive --pax-option=globexthdr.name=only-a-header/name,comment=all -C above private/other bin/tool >layer.tar
  umoci raw add-layer --image disputed:latest layer.tar
  rm -r below above layer.tar
  skopeo copy --quiet oci:disputed:latest oci-archive:disputed.oci.tar:latest
  skopeo copy --quiet oci:disputed:latest docker-archive:disputed.docker.tar:image:latest
}

# LAYOUT SIZE: one layer of one file of zeros.
one_file() {
  mkdir zeros
  truncate --size="$2" zeros/file
  umoci init --layout "$1"
  umoci new --image "$1:latest"
  tar --create --format=posix -C zeros file | dd bs=1M iflag=fullblock conv=sparse of=layer.tar
  umoci raw add-layer --image "$1:latest" layer.tar
  rm -r zeros layer.tar
}

case $1 in
  test)
    one_layer debian "$base"
    skopeo copy --quiet oci:debian:latest oci-archive:debian.oci.tar:latest
    skopeo copy --quiet oci:debian:latest docker-archive:debian.docker.tar:image:latest
    many_layers
    other_forms
    disputed
    ;;
  bench)
    eight_layers
    uncompressed eight plain
    one_file large 4G
    one_file small 4M
    ;;
esac
rm -rf --one-file-system "$storage"
