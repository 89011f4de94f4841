import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { execa } from 'execa';

const BELOW = new Set(['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']);

/**
 * Makes an image of the files of `rootfs`, twice: as one layer, `one-layer`, and as two, `layer-1` and above it
 * `layer-2`, which replaces one file of the first and deletes another.
 */
export async function makeImage(rootfs: string, directory: string): Promise<void> {
  const [first, second] = [`${directory}/layer-1`, `${directory}/layer-2`];
  const names = readdirSync(rootfs);
  const below = names.filter((name) => BELOW.has(name));
  const above = names.filter((name) => !BELOW.has(name));
  await copy(rootfs, `${directory}/one-layer`, names);
  await copy(rootfs, first, below);
  await copy(rootfs, second, above);
  mkdirSync(`${first}/etc`);
  writeFileSync(`${first}/etc/debian_version`, 'replaced\n');
  writeFileSync(`${first}/deleted`, '');
  // overlayfs's sign for "deleted".
  await execa('mknod', [`${second}/deleted`, 'c', '0', '0']);
}

/** Copies a file, with one byte, the last, changed. Its directories and its mode are those of the original. */
export function changeOneByte(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  const bytes = readFileSync(from);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  writeFileSync(to, bytes, { mode: 0o755 });
}

async function copy(from: string, to: string, names: readonly string[]): Promise<void> {
  mkdirSync(to);
  const sources = names.map((name) => `${from}/${name}`);
  await execa('cp', ['--archive', '--reflink=auto', '--target-directory', to, '--', ...sources]);
}
