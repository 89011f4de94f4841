import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import type { DigestText } from '#digest/digest';
import { scratchDirectory } from '#digest/tree.fixture';
import type { LayerSource } from './layer-source.ts';
import type { ReadLimits } from './limits.ts';
import { readLayers } from './read-layers.ts';

const MAX_BUFFER = 512 * 1024 ** 2;

export function digestOf(bytes: Uint8Array): DigestText {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export const WRONG_DIGEST: DigestText = `sha256:${'0'.repeat(64)}`;

/** What a program makes of its standard input. */
export function piped(input: Uint8Array, command: string, ...args: readonly string[]): Buffer {
  return execFileSync(command, args, { input, maxBuffer: MAX_BUFFER, stdio: 'pipe' });
}

export interface Blobs extends Disposable {
  readonly path: string;
  /** A layer as an image has it, its digests right unless given otherwise. Bytes of others lie around it. */
  source(stored: Uint8Array, archive: Uint8Array, claims?: Partial<LayerSource>): LayerSource;
}

const AROUND = Buffer.from('bytes of another blob');

export function temporaryBlobs(): Blobs {
  const scratch = scratchDirectory();
  const open: number[] = [];
  return {
    path: scratch.path,
    source(stored, archive, claims = {}) {
      const path = `${scratch.path}/blob-${open.length}`;
      writeFileSync(path, Buffer.concat([AROUND, stored, AROUND]));
      const fd = openSync(path, 'r');
      open.push(fd);
      return {
        blob: { fd, offset: AROUND.length, size: stored.length },
        mediaType: undefined,
        digest: digestOf(stored),
        diffID: digestOf(archive),
        label: `layer ${open.length}`,
        ...claims,
      };
    },
    [Symbol.dispose]: () => {
      for (const fd of open) closeSync(fd);
      scratch[Symbol.dispose]();
    },
  };
}

/** An archive of these files, by GNU tar. */
export function archiveOf(files: Readonly<Record<string, Uint8Array | string>>): Buffer {
  using scratch = scratchDirectory();
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(`${scratch.path}/${name}`, content, { mode: 0o644 });
  }
  const options = ['--numeric-owner', '--sparse', '-C', scratch.path, '-cf', '-'];
  return execFileSync('tar', [...options, '--', ...Object.keys(files)], { maxBuffer: MAX_BUFFER });
}

/** @returns code and message of what it rejects with */
export async function refusal(
  sources: readonly LayerSource[],
  limits: Partial<ReadLimits> = {},
): Promise<string> {
  try {
    await readLayers(sources, { limits });
    return 'read';
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error, String(error));
    return `${String(error.code)} ${error.message}`;
  }
}
