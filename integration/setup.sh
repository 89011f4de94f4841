#!/bin/sh
# Gets a bare Debian (12 or newer, with Node 20 or newer and npm) ready: integration/setup.sh build|demo|test|bench
#
# Installs what is missing and changes nothing when nothing is. npm scripts start with it, so it has to run before
# there is a node_modules. A Debian root filesystem, the tests' favourite image, and images of it are made once and kept.
set -eu

RELEASE=bookworm
CACHE=/var/lib/oci-measure-test/cache
ROOTFS=$CACHE/$RELEASE-minbase
MAKE_IMAGES=integration/images/make-images.sh
STAMP=node_modules/.oci-measure-lockfile

say() { printf 'set-up: %s\n' "$1" >&2; }
fail() { say "$1"; exit 1; }

# What a fresh machine lacks, for each purpose.
packages_for() {
  # Node 26 itself needs these, and so does the executable made from it.
  echo libstdc++6 libatomic1
  case $1 in demo | test | bench) echo mmdebstrap ;; esac
  case $1 in demo | test) echo runc swtpm tpm2-tools mount ;; esac
  case $1 in test) echo crun swtpm-tools mtree-netbsd attr acl libcap2-bin strace python3 patch uidmap ;; esac
  case $1 in test) echo busybox-static catatonit tzdata ;; esac
  # What integration/vm/setup.sh makes machines with, beside the tests.
  case $1 in test) echo qemu-system-x86 qemu-utils xz-utils ;; esac
  case $1 in test) echo containerd docker.io podman skopeo zstd ima-evm-utils e2fsprogs systemd ;; esac
  case $1 in test | bench) echo buildah umoci ;; esac
  # Kubernetes' published types, for what installs on every node.
  case $1 in test) echo python3-kubernetes ;; esac
  # A package of its own since Debian 13.
  case $1.$VERSION_ID in test.12) ;; test.*) echo docker-cli ;; esac
  case $1 in bench) echo casync mtree-netbsd openssl time ;; esac
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

need_root() {
  [ "$(id -u)" = 0 ] || fail "run this as root: it has to $1"
}

install_packages() {
  missing=
  for package in $(packages_for "$1"); do
    is_installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  need_root "install$missing"
  say "installing$missing"
  log=$(mktemp)
  # A third party's repository that is out of order does not matter; what is missing from Debian does.
  # shellcheck disable=SC2086 # a list of words
  if ! { apt-get update; apt_get install $missing; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "apt-get could not install$missing"
  fi
  rm -f "$log"
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
}

install_node_modules() {
  wanted=$(sha256sum <package-lock.json)
  if [ "$(cat "$STAMP" 2>/dev/null)" != "$wanted" ]; then
    say 'installing the npm packages, Node 26 among them'
    npm_ci >&2 </dev/null || fail 'npm ci failed'
    # npm 9, Debian 12's, takes the link away again together with the package of the other architecture.
    for program in node_modules/node-linux-*/bin/node; do
      [ -e node_modules/.bin/node ] || ln -sf "../${program#node_modules/}" node_modules/.bin/node
    done
    printf '%s\n' "$wanted" >"$STAMP"
  fi
  found=$(PATH="$PWD/node_modules/.bin:$PATH" node --version) || fail 'node does not start'
  case $found in
    v26.*) ;;
    *) fail "expected Node 26 in node_modules/.bin, found $found: is this machine neither x64 nor arm64?" ;;
  esac
}

# Under npm, `node` is the one in node_modules, which is about to be replaced.
npm_ci() {
  if [ -n "${npm_node_execpath:-}" ]; then set -- "$npm_node_execpath" "$npm_execpath"; else set -- npm; fi
  "$@" ci --no-progress --loglevel=error
}

# The machine's own Debian mirrors, as lines of a sources.list.
mirrors() {
  apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' 'Component: main' | sed "s/$VERSION_CODENAME/$RELEASE/" | sort -u
}

make_rootfs() {
  [ ! -d "$ROOTFS" ] || return 0
  need_root "make $ROOTFS"
  say "making a Debian root filesystem, $ROOTFS"
  mkdir -p "$(dirname "$ROOTFS")"
  new=$(mktemp -d "$ROOTFS.XXXXXX")
  trap 'rm -rf --one-file-system "$new"' EXIT
  trap 'exit 130' INT TERM HUP
  [ -n "$(mirrors)" ] || apt-get update >/dev/null
  mirrors | mmdebstrap --quiet --variant=minbase --format=directory "$RELEASE" "$new" - ||
    fail 'mmdebstrap failed'
  chmod 755 "$new"
  # Another set-up may have been quicker: then theirs is as good.
  mv -T "$new" "$ROOTFS" 2>/dev/null || [ -d "$ROOTFS" ]
}

# What the installer image is built from where nothing can be fetched: it has what the Dockerfile would install.
make_installer_base() {
  base=$CACHE/installer-base.tar
  [ ! -e "$base" ] || return 0
  say "making the base of the installer image, $base"
  new=$(mktemp "$base.XXXXXX")
  trap 'rm -f "$new"' EXIT
  trap 'exit 130' INT TERM HUP
  [ -n "$(mirrors)" ] || apt-get update >/dev/null
  mirrors | mmdebstrap --quiet --variant=minbase --include=libstdc++6,libatomic1 --format=tar "$RELEASE" "$new" - ||
    fail 'mmdebstrap failed'
  mv "$new" "$base"
}

# The images for a purpose are made anew when the script that makes them, or what it makes them of, is another.
make_images() {
  images=$CACHE/images-$1
  wanted=$(sha256sum <"$MAKE_IMAGES")$(stat --format=%W.%i "$ROOTFS")
  [ "$(cat "$images/made-by" 2>/dev/null)" != "$wanted" ] || return 0
  say "making images of it, $images"
  new=$(mktemp -d "$images.XXXXXX")
  trap 'rm -rf --one-file-system "$new"' EXIT
  trap 'exit 130' INT TERM HUP
  log=$(mktemp)
  # What it mounts is gone when it ends, whichever way.
  if ! unshare --mount sh "$MAKE_IMAGES" "$1" "$ROOTFS" "$new" >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail 'the images could not be made'
  fi
  rm -f "$log"
  printf '%s\n' "$wanted" >"$new/made-by"
  chmod 755 "$new"
  rm -rf --one-file-system "$images"
  # Another set-up may have been quicker here too.
  mv -T "$new" "$images" 2>/dev/null || [ "$(cat "$images/made-by")" = "$wanted" ]
}

main() {
  case ${1:-} in build | demo | test | bench) ;; *) fail 'usage: integration/setup.sh build|demo|test|bench' ;; esac
  cd "$(dirname "$0")/.."
  [ "$1" = build ] || need_root 'mount file systems and start containers'
  ID=unknown VERSION_ID=0 VERSION_CODENAME=none
  [ ! -r /etc/os-release ] || . /etc/os-release
  if [ "$ID" = debian ] && [ "${VERSION_ID:-99}" -ge 12 ]; then
    install_packages "$1"
  elif [ "$1" != build ]; then
    fail "expected Debian 12 or newer, found $ID $VERSION_ID"
  fi
  install_node_modules
  [ "$1" = build ] || make_rootfs
  case $1 in test | bench) make_images "$1" ;; esac
  [ "$1" != test ] || make_installer_base
}

main "$@"
