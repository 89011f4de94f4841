import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LogOptions } from './log-session.ts';
import type { ContainerEvent } from './measurement-event.ts';
import type { Tpm } from './tpm.ts';

export interface ScratchState extends Disposable {
  /** The state directory, which is not there yet. */
  readonly path: string;
  options(tpm: Tpm): LogOptions;
}

export const TEST_DIRECTORY = '/var/lib/oci-measure-test';

/** In memory, as state is on most machines: there a test that dies a thousand times is quick. */
const STATE_DIRECTORY = '/dev/shm/oci-measure-test';

/** A state directory of this test alone. */
export function scratchState(): ScratchState {
  mkdirSync(STATE_DIRECTORY, { recursive: true, mode: 0o755 });
  const directory = mkdtempSync(join(STATE_DIRECTORY, 'log-'));
  const path = join(directory, 'state');
  return {
    path,
    options: (tpm) => logOptions(path, tpm),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export function logOptions(state: string, tpm: Tpm): LogOptions {
  const configDigest = `sha256:${'0'.repeat(64)}` as const;
  return { state, pcr: 13, tpm: () => tpm, version: '0', configDigest, lockTimeoutMs: 30_000 };
}

/** A container that was measured, of this process. */
export function containerEvent(id: string, pid: number = process.pid): ContainerEvent {
  const digest = `sha256:${'a'.repeat(64)}` as const;
  return {
    type: 'container',
    id,
    pid,
    startTime: 1,
    rootfs: digest,
    view: 'overlay',
    writable: ['pristine'],
    pruned: [],
    process: digest,
    env: digest,
    loader: [],
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid'] }],
    readonly: false,
    namespaces: [{ type: 'pid' }, { type: 'network', path: '/run/netns/a' }],
    devices: [],
    seccomp: true,
    hooks: [],
    annotations: { image: 'debian:12' },
    ns: { mnt: 4026532266 },
  };
}
