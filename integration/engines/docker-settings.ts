import { writeFileSync } from 'node:fs';
import type { Host } from '#integration/host';
import { writeRuncFront } from './runc-front.ts';

/** Writes a `daemon.json` that keeps all of dockerd's in a directory, with a front of runc for a runtime and without a network. */
export function writeDockerSettings(
  directory: string,
  host: Host,
  more: Readonly<Record<string, string>> = {},
): void {
  const configuration = {
    'data-root': `${directory}/root`,
    'exec-root': `${directory}/exec`,
    hosts: [`unix://${directory}/sock`],
    pidfile: `${directory}/pid`,
    'storage-driver': 'overlay2',
    runtimes: { measured: { path: writeRuncFront(directory, host) } },
    'default-runtime': 'measured',
    bridge: 'none',
    iptables: false,
    'ip-forward': false,
    'ip-masq': false,
    ...more,
  };
  writeFileSync(`${directory}/daemon.json`, JSON.stringify(configuration));
}
