#!/bin/sh
# The entry point of the installer image: ENGINE is one that `oci-measure install` knows.
#
#   install|uninstall ENGINE [OPTION...]       on the machine whose files are mounted at /host: as `oci-measure install ENGINE --root /host`
#   node install|uninstall ENGINE [OPTION...]  on the machine that this container runs on, as if called there, whose doctor has a say in it; then
#                                              stays. Needs the machine's process ids (--pid host, hostPID) and --privileged
#   check                                      0 if what `node` does is done and the machine is well: the readiness of a pod
set -eu

PROGRAM=/usr/bin/oci-measure
# The machine's process 1, or another process in the mount namespace that is the machine.
HOST_PID=${HOST_PID:-1}
HOST_ROOT=/proc/$HOST_PID/root
# On the machine: where the program is while it installs itself. Not in /run, which is often small and noexec.
STAGE=/var/lib/oci-measure-installer
# In this container: what was done, once it was.
DONE=/run/oci-measure-installer.done
RETRY_SECONDS=${RETRY_SECONDS:-60}

say() { printf 'oci-measure-installer: %s\n' "$1" >&2; }

usage() {
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

on_machine() { nsenter --target "$HOST_PID" --mount -- "$@"; }

# `set -e` does not hold here: it is called as a condition.
stage() {
  rm -rf "$HOST_ROOT$STAGE" &&
    mkdir -m 700 "$HOST_ROOT$STAGE" &&
    cp "$PROGRAM" "$HOST_ROOT$STAGE/oci-measure"
}

unstage() { rm -rf "$HOST_ROOT$STAGE"; }

# As if called there.
run_on_machine() {
  stage || { say "cannot copy the program to the machine's $STAGE"; unstage; return 1; }
  result=0
  on_machine "$STAGE/oci-measure" "$@" || result=$?
  unstage
  return "$result"
}

installed_program() {
  for directory in /usr/libexec/oci/hooks.d /usr/local/libexec/oci/hooks.d; do
    [ ! -e "$HOST_ROOT$directory/oci-measure.installed" ] || printf '%s\n' "$directory/oci-measure"
  done
}

node() {
  rm -f "$DONE"
  until run_on_machine "$@"; do
    say "$1 failed, next try in $RETRY_SECONDS s"
    pause
  done
  printf '%s\n' "$*" >"$DONE"
  say "$1 done"
  # What an engine still used when it was taken away goes when that has ended.
  while :; do
    pause
    if [ "$1" = uninstall ] && [ -n "$(installed_program)" ]; then run_on_machine "$@" || :; fi
  done
}

# A signal ends it at once, which `sleep` alone would not.
pause() {
  sleep "$RETRY_SECONDS" &
  wait $! || :
}

check() {
  [ -e "$DONE" ] || exit 1
  case $(cat "$DONE") in
    uninstall*) ;;
    *--dry-run*) ;;
    *)
      program=$(installed_program)
      [ -n "$program" ] || exit 1
      on_machine "$program" doctor
      ;;
  esac
}

trap 'unstage 2>/dev/null || :; exit 0' INT TERM

case ${1:-} in
  install | uninstall)
    [ -d /host/etc ] || { say 'no machine is mounted at /host'; exit 2; }
    exec "$PROGRAM" "$@" --root /host
    ;;
  node)
    shift
    case ${1:-} in install | uninstall) ;; *) usage ;; esac
    [ -n "${2:-}" ] || usage
    node "$@"
    ;;
  check) check ;;
  *) usage ;;
esac
