#!/bin/sh
# All tests: integration/test.sh
#
# Those of the emulated machines run beside the others, since they use nothing that those use. Each of them by itself: engines, and what
# installs them, share the machine.
set -u
cd "$(dirname "$0")/.."

in_turn() {
  node --disable-warning=ExperimentalWarning --test --test-reporter=spec --test-timeout=600000 --test-concurrency=1 "$@"
}

log=$(mktemp)
{ sh integration/vm/setup.sh && in_turn 'integration/vm/*.test.ts'; } >"$log" 2>&1 &
machines=$!
trap 'rm -f "$log"' EXIT
trap 'kill "$machines" 2>/dev/null; exit 130' INT TERM HUP

status=0
npm run --silent test:parts || status=$?
in_turn 'integration/*.test.ts' 'integration/!(vm)/*.test.ts' || status=$?
wait "$machines" || status=$?
cat "$log"
exit "$status"
