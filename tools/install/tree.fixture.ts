/** File trees of hosts, for tests. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { InstallerCase } from './installers.fixture.ts';

/** Neither the mode nor the time that a file gets by itself. */
const MODE = 0o640;
const TIME = new Date('2020-02-02T02:02:02Z');

export function makeTree(
  root: string,
  { files, programs = [] }: Pick<InstallerCase, 'files' | 'programs'>,
): void {
  mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), programs.includes(path) ? 0o755 : MODE);
    utimesSync(join(root, path), TIME, TIME);
  }
}

/** Everything below a directory: kind, path, mode, owner; of files the time and the bytes, too. */
export function pictureOf(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((path) => {
      const facts = lstatSync(join(root, path));
      const { mode, uid, gid, mtimeMs } = facts;
      const shown = `${path} ${mode.toString(8)} ${uid} ${gid}`;
      if (!facts.isFile()) return `${facts.isDirectory() ? 'd' : 'l'} ${shown}`;
      return `f ${shown} ${mtimeMs} ${readFileSync(join(root, path), 'latin1')}`;
    });
}

/** The bytes of each file, by host path. */
export function filesOf(root: string): ReadonlyMap<string, string> {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const files = paths.filter((path) => lstatSync(join(root, path)).isFile());
  return new Map(files.map((path) => [`/${path}`, readFileSync(join(root, path), 'latin1')]));
}
