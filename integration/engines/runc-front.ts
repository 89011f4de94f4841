import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Host } from '#integration/host';

const addHook = fileURLToPath(new URL('./add-hook.ts', import.meta.url));

/**
 * Neither Docker nor `ctr` can add a hook to a container, so they call a program in runc's place that does. What it adds
 * to, the snapshots and their mounts are theirs.
 *
 * @returns its path
 */
export function writeRuncFront(directory: string, host: Host): string {
  writeFileSync(`${directory}/hook.json`, JSON.stringify(host.hookEntry()));
  writeFileSync(`${directory}/runc`, script(directory), { mode: 0o755 });
  return `${directory}/runc`;
}

/** Only `create` has a bundle. */
const script = (directory: string): string => `#!/bin/sh
for word; do
  if [ "$previous" = --bundle ]; then
    ${process.execPath} ${addHook} "$word/config.json" ${directory}/hook.json || exit
  fi
  previous=$word
done
exec runc "$@"
`;
