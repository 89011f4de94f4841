import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImaResult } from '#hook/ima/confirm';
import { measureOnList } from '#hook/ima/ima-session';
import { openList } from '#hook/ima/list-file';
import type { Tpm } from '#hook/log/tpm';

const NOTHING = `sha256:${'0'.repeat(64)}` as const;

/**
 * Shows the kernel one record of a container that never was, as the hook would, and tells what came of it. Its digest is no image's, and its
 * name is random, so that each time is a new one.
 *
 * @param ima IMA's directory in securityfs
 * @param records the record filesystem's mount point
 * @throws HookError `ima`, `tpm`
 */
export async function tryCanary(
  ima: string,
  records: string,
  tpm: Pick<Tpm, 'readPcr'>,
): Promise<ImaResult> {
  using list = await openList(ima);
  if (list === undefined) return { image: undefined, container: 'no-ima', headless: false };
  // The hook's own memory of the list is under its lock.
  const state = mkdtempSync(join(tmpdir(), 'oci-measure-canary-'));
  try {
    const start = {
      id: 'oci-measure-canary',
      rootfs: NOTHING,
      record: randomBytes(32).toHex(),
      hasImageRecord: false,
    };
    return await measureOnList(start, { state, tpm, interrupt: () => {} }, list, records);
  } finally {
    rmSync(state, { recursive: true });
  }
}
