/** Ends what a hook does to the disk and the TPM at its n-th step, for tests: by SIGKILL, or as if by SIGKILL. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { Tpm } from './tpm.ts';

export interface Fuse {
  /** Lets `steps` more steps happen; the next one blows the fuse. */
  arm(steps: number): void;
  /** Lets everything happen again. */
  disarm(): void;
  /** Steps since `arm`. */
  readonly steps: number;
  readonly isBlown: boolean;
  /** The same TPM, each of whose commands is a step before and a step after. */
  around(tpm: Tpm): Tpm;
}

export class FuseBlown extends Error {
  override readonly name = 'FuseBlown';
}

/**
 * Puts the fuse around everything in node:fs that changes a disk. A write that blows it is half done. `blow` does not return where it
 * kills; where it does, that step and all that follow throw, so that nothing changes any more, whatever the code does about it.
 */
export function installFuse(blow: () => void): Fuse {
  let left = Number.POSITIVE_INFINITY;
  let steps = 0;
  const step = (half?: () => void): void => {
    if (left > 0) {
      left -= 1;
      steps += 1;
      return;
    }
    if (left === 0) half?.();
    left = -1;
    blow();
    throw new FuseBlown('as if killed');
  };
  guardFiles(step);
  return {
    arm: (count) => {
      left = count;
      steps = 0;
    },
    disarm: () => {
      left = Number.POSITIVE_INFINITY;
    },
    get steps() {
      return steps;
    },
    get isBlown() {
      return left === -1;
    },
    around: (tpm) => ({
      readPcr: async (pcr) => {
        step();
        return await tpm.readPcr(pcr);
      },
      extendPcr: async (pcr, digests) => {
        step();
        await tpm.extendPcr(pcr, digests);
        step();
      },
    }),
  };
}

/** The one of its forms that is used for what matters. */
type WriteBytes = (
  fd: number,
  bytes: Uint8Array,
  offset?: number,
  length?: number,
  position?: number,
) => number;

function guardFiles(step: (half?: () => void) => void): void {
  const { mkdirSync, openSync, renameSync, unlinkSync, ftruncateSync } = fs;
  const writeSync: WriteBytes = fs.writeSync;
  Object.assign(fs, {
    mkdirSync: (...args: Parameters<typeof mkdirSync>) => {
      if (!fs.existsSync(args[0])) step();
      return mkdirSync(...args);
    },
    openSync: (...args: Parameters<typeof openSync>) => {
      if (typeof args[1] === 'number' && (args[1] & fs.constants.O_CREAT) !== 0) step();
      return openSync(...args);
    },
    writeSync: (...args: Parameters<typeof writeSync>) => {
      const [fd, bytes, offset = 0, length = bytes.length, position] = args;
      step(() => writeSync(fd, bytes, offset, length >> 1, position));
      return writeSync(...args);
    },
    renameSync: (...args: Parameters<typeof renameSync>) => {
      step();
      renameSync(...args);
    },
    unlinkSync: (...args: Parameters<typeof unlinkSync>) => {
      step();
      unlinkSync(...args);
    },
    ftruncateSync: (...args: Parameters<typeof ftruncateSync>) => {
      step();
      ftruncateSync(...args);
    },
  });
  syncBuiltinESMExports();
}
