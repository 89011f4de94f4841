import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { TarReader } from './tar-reader.ts';

/** What an archive holds, in the words of `tar --list --verbose`, and its files' contents one after another. */
export interface Told {
  readonly lines: readonly string[];
  readonly sha256: string;
}

const LIST = ['--list', '--verbose', '--numeric-owner', '--full-time', '--quoting-style=escape'];

/** GNU tar's own, without times. */
export function toldByGnuTar(archive: Uint8Array): Told {
  const run = (options: readonly string[]): Buffer =>
    execFileSync('tar', [...options, '--file=-'], {
      input: archive,
      env: { LC_ALL: 'C', TZ: 'UTC', PATH: process.env['PATH'] },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  const lines = run(LIST).toString('latin1').split('\n').slice(0, -1);
  const contents = run(['--extract', '--to-stdout']);
  return {
    lines: lines.map((line) => line.replace(/^(\S+ \S+) +(\S+) \S+ \S+ +/, '$1 $2 ')),
    sha256: createHash('sha256').update(contents).digest('hex'),
  };
}

const LETTERS: Readonly<Record<string, string>> = {
  '0': '-',
  S: '-',
  '1': 'h',
  '2': 'l',
  '3': 'c',
  '4': 'b',
  '5': 'd',
  '6': 'p',
};

/** Ours. */
export function toldByReader(archive: Uint8Array): Told {
  const lines: string[] = [];
  const hash = createHash('sha256');
  const reader = new TarReader({
    header({ typeFlag, mode, uid, gid, size, major, minor, name, linkName }) {
      const isDevice = typeFlag === '3' || typeFlag === '4';
      const extent = isDevice ? `${major},${minor}` : String(size);
      const arrow = { '1': ' link to ', '2': ' -> ' }[typeFlag] ?? '';
      const type = LETTERS[typeFlag] ?? '?';
      lines.push(`${type}${permissions(mode)} ${uid}/${gid} ${extent} ${name}${arrow}${linkName}`);
    },
    data: (chunk) => hash.update(chunk),
    hole: (length) => hash.update(Buffer.alloc(length)),
    end() {},
  });
  reader.write(archive);
  reader.close();
  return { lines, sha256: hash.digest('hex') };
}

/** As ls writes them. */
function permissions(mode: number): string {
  return (
    triple(mode >> 6, (mode & 0o4000) !== 0, 's') +
    triple(mode >> 3, (mode & 0o2000) !== 0, 's') +
    triple(mode, (mode & 0o1000) !== 0, 't')
  );
}

function triple(bits: number, isSpecial: boolean, letter: string): string {
  const mayExecute = (bits & 1) !== 0;
  const special = mayExecute ? letter : letter.toUpperCase();
  const last = isSpecial ? special : mayExecute ? 'x' : '-';
  return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
}
