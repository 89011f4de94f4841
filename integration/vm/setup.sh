#!/bin/sh
# Makes what integration/vm boots, once, and prints where it is: integration/vm/setup.sh
#
#   RELEASE/root.ext4    a Debian userland with container engines and TPM tools, the kernels' modules, and in /srv a small image:
#                        busybox/ (its tree), busybox.tar (as `docker save` writes it) and pause.tar (with a command that does not end)
#   RELEASE/vmlinux      a stock Debian kernel, unpacked: under emulation that takes seconds at each boot
#   RELEASE/initrd.cpio  what it needs to mount the root
#
# A change of this file or of guest/ makes all of it anew. Two minutes, 250 MB from a Debian mirror for each release.
set -eu

CACHE=/var/lib/oci-measure-test/cache/vm
RELEASES='bookworm trixie'
PACKAGES='qemu-system-x86 qemu-utils swtpm mmdebstrap e2fsprogs xz-utils zstd'
ENGINES='apparmor,containerd,crun,docker.io,iproute2,iptables,podman,runc,socat'
TOOLS='attr,busybox-static,e2fsprogs,ima-evm-utils,jq,kmod,libatomic1,libstdc++6,mount,procps,tpm2-tools'
# What the initial root needs to find the disks and the host, and to mount ext4.
BOOT_MODULES='virtio_pci virtio_blk virtio_console ext4'
# Hardware that the machine does not have is most of a kernel package.
ABSENT='drivers/bluetooth drivers/gpu drivers/hid drivers/hwmon drivers/iio drivers/infiniband drivers/input drivers/isdn drivers/media
  drivers/mmc drivers/mtd drivers/net/ethernet drivers/net/wireless drivers/platform drivers/scsi drivers/staging drivers/usb sound'

say() { printf 'set-up: %s\n' "$1" >&2; }
fail() { say "$1"; exit 1; }

install_packages() {
  missing=
  for package in $PACKAGES; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  say "installing$missing"
  # A third party's repository that is out of order does not matter; what is missing from Debian does.
  apt-get update >/dev/null 2>&1 </dev/null || true
  # shellcheck disable=SC2086 # a list of words
  DEBIAN_FRONTEND=noninteractive quietly apt-get -y --no-install-recommends -o DPkg::Lock::Timeout=120 install $missing
}

# Shows what a command said only if it fails.
quietly() {
  "$@" >"$new/log" 2>&1 </dev/null || { tail -n 20 "$new/log" >&2; fail "failed: $*"; }
}

# The machine's own Debian mirrors, as lines of a sources.list for the release $1.
mirrors() {
  apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
    sed "s/ $VERSION_CODENAME/ $1/" | sort -u
}

# Downloads and unpacks the kernel package of the release $1, below $new/$1/package.
get_kernel() {
  apt=$new/$1/apt
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$new/$1/package"
  mirrors "$1" >"$apt/sources.list"
  set -- "$1" -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$apt/lists" \
    -o Dir::Cache="$apt" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root
  release=$1
  shift
  quietly apt-get "$@" update
  kernel=$(apt-cache "$@" depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9]\)/\1/p' | head -n 1)
  [ -n "$kernel" ] || fail "no linux-image-amd64 in $release"
  (cd "$apt" && quietly apt-get "$@" download "$kernel")
  dpkg-deb -x "$apt"/linux-image-*.deb "$new/$release/package"
}

# A bzImage says where its compressed payload lies, whose last four bytes are its length once unpacked.
unpack_vmlinux() {
  sectors=$(($(od -An -tu1 -j 497 -N 1 "$1") + 1))
  offset=$(($(od -An -tu4 -j 584 -N 4 "$1") + sectors * 512))
  length=$(($(od -An -tu4 -j 588 -N 4 "$1") - 4))
  case $(od -An -tx1 -j "$offset" -N 4 "$1") in
    ' fd 37 7a 58') unpack='xz -dc' ;;
    ' 28 b5 2f fd') unpack='zstd -dcq' ;;
    *) fail "expected xz or zstd in $1" ;;
  esac
  tail -c "+$((offset + 1))" "$1" | head -c "$length" | $unpack
}

# Of the release $1's package, of the version $2, into the root $3.
copy_modules() {
  excludes=
  for directory in $ABSENT; do excludes="$excludes --exclude=./kernel/$directory"; done
  mkdir -p "$3/usr/lib/modules/$2"
  # shellcheck disable=SC2086 # a list of words
  tar -C "$(find "$new/$1/package" -type d -path "*lib/modules/$2")" $excludes -c . | tar -C "$3/usr/lib/modules/$2" -x
  chroot "$3" depmod "$2"
}

make_initrd() {
  tree=$new/$1/initrd
  root=$new/$1/root
  mkdir -p "$tree/bin" "$tree/modules" "$tree/guest"
  cp "$root/usr/bin/busybox" "$tree/bin/"
  cp guest/init.sh "$tree/init"
  cp guest/main.sh guest/systemd.sh guest/agent.sh "$tree/guest/"
  chmod 755 "$tree/init" "$tree"/guest/*
  number=100
  for module in $BOOT_MODULES; do chroot "$root" modprobe -S "$2" --show-depends "$module"; done |
    sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r path; do
      number=$((number + 1))
      name=$number-$(basename "$path" .xz)
      case $path in
        *.xz) xz -dc "$root/usr$path" ;;
        *) cat "$root/usr$path" ;;
      esac >"$tree/modules/$name"
    done
  (cd "$tree" && find . | ./bin/busybox cpio -o -H newc 2>/dev/null) >"$new/$1/initrd.cpio"
}

# The root of the release $1, with the engines of that release.
make_userland() {
  say "making the virtual machines' userland of $1"
  include=$ENGINES,$TOOLS
  case $1 in
    bookworm) include=$include,openssl,strace,uidmap ;;
    *) include=$include,docker-cli,systemd ;;
  esac
  mirrors "$1" >"$new/sources.list"
  mmdebstrap --quiet --variant=essential --format=directory --include="$include" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/lib/cni/*' --dpkgopt='path-exclude=/etc/cni/*' \
    --dpkgopt='path-exclude=/usr/lib/udev/*' \
    "$1" "$new/$1/root" - <"$new/sources.list" >"$new/log" 2>&1 || { tail -n 20 "$new/log" >&2; fail 'mmdebstrap failed'; }
}

# An image whose start is quick under emulation, in the root $1.
make_image() {
  srv=$1/srv
  mkdir -p "$srv/busybox/bin" "$srv/busybox/etc" "$srv/busybox/tmp" "$srv/image"
  cp "$1/usr/bin/busybox" "$srv/busybox/bin/"
  for applet in cat echo false head id ls mkdir mount printf sh sleep stat test touch true unshare; do
    ln -s busybox "$srv/busybox/bin/$applet"
  done
  echo 'root:x:0:0:root:/:/bin/sh' >"$srv/busybox/etc/passwd"
  tar -C "$srv/busybox" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$srv/image/layer.tar" .
  save_image "$srv" busybox '["/bin/sh"]'
  save_image "$srv" pause '["/bin/sleep","1000000"]'
  rm -r "$srv/image"
}

# Of the layer in $1/image, by the name $2, with the command $3.
save_image() {
  layer=$(sha256sum <"$1/image/layer.tar" | cut -d ' ' -f 1)
  cat >"$1/image/config.json" <<END
{"architecture":"amd64","os":"linux","config":{"Cmd":$3,"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]}}
END
  echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"localhost/$2:latest\"],\"Layers\":[\"layer.tar\"]}]" >"$1/image/manifest.json"
  tar -C "$1/image" -cf "$1/$2.tar" manifest.json config.json layer.tar
}

# The kernel of the release $1, whose modules the roots that it is started with need.
make_kernel() {
  say "getting the kernel of $1"
  get_kernel "$1"
  image=$(echo "$new/$1"/package/boot/vmlinuz-*)
  version=${image##*/vmlinuz-}
  unpack_vmlinux "$image" >"$new/$1/vmlinux"
  copy_modules "$1" "$version" "$new/$1/root"
  # The userland of bookworm is started with either kernel.
  [ "$1" = bookworm ] || copy_modules "$1" "$version" "$new/bookworm/root"
  make_initrd "$1" "$version"
  rm -rf "$new/$1/package" "$new/$1/apt" "$new/$1/initrd"
}

# No journal would be quicker, but a power cut should cost a file system no more than on a real machine.
make_disk() {
  truncate -s 4G "$new/$1/root.ext4"
  quietly mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 -J size=16 -d "$new/$1/root" "$new/$1/root.ext4"
  rm -rf --one-file-system "$new/$1/root"
}

make_all() {
  [ -n "$(mirrors bookworm)" ] || quietly apt-get update
  for release in $RELEASES; do
    mkdir "$new/$release"
    make_userland "$release"
    make_image "$new/$release/root"
  done
  for release in $RELEASES; do make_kernel "$release"; done
  for release in $RELEASES; do make_disk "$release"; done
  rm -f "$new/log" "$new/sources.list"
}

main() {
  cd "$(dirname "$0")"
  [ "$(id -u)" = 0 ] || fail 'run this as root: it has to make root file systems'
  [ "$(dpkg --print-architecture)" = amd64 ] || fail 'expected amd64: the program runs in the machine as it is here'
  . /etc/os-release
  mkdir -p "$CACHE"
  exec 9>"$CACHE/lock"
  flock 9
  stamp=$(cat setup.sh guest/*.sh | sha256sum | cut -c 1-16)
  if [ ! -d "$CACHE/$stamp" ]; then
    new=$(mktemp -d "$CACHE/new.XXXXXX")
    trap 'rm -rf --one-file-system "$new"' EXIT
    trap 'exit 130' INT TERM HUP
    chmod 755 "$new"
    install_packages
    make_all
    for old in "$CACHE"/????????????????; do [ ! -d "$old" ] || rm -rf --one-file-system "$old"; done
    mv -T "$new" "$CACHE/$stamp"
  fi
  echo "$CACHE/$stamp"
}

main "$@"
