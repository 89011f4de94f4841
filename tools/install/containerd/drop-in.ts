/** A file of ours beside those of the site, in a directory that the main file imports. */
import { basename } from 'node:path';
import { CONTAINERD_DROP_IN, OWNERSHIP_MARK } from '#tools/install/own-places';
import { type BaseSpecKey } from './base-spec-key.ts';
import { newFile } from './block.ts';

export const DROP_IN_NAME: string = basename(CONTAINERD_DROP_IN);
/** Where containerd's own default looks for them, and where Amazon's does. */
export const DROP_IN_DIRECTORIES: readonly string[] = [
  '/etc/containerd/conf.d',
  '/etc/containerd/config.d',
];

/** @param version the main file's: containerd 2.3 refuses a higher one, 2.0 to 2.2 take the last file's for all */
export function dropInText(version: number, keys: readonly BaseSpecKey[]): string {
  return newFile(version, keys, OWNERSHIP_MARK);
}
