/** What containerd and ctr of this machine say when they are asked. Neither starts anything, nor talks to the daemon. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import type { TomlTable } from 'smol-toml';
import { SEARCH_PATH } from '#tools/doctor/programs';
import { ToolError } from '#tools/errors';
import { CHILD_PROCESS } from '#tools/install/child-process';
import { parseDocument, readToml, splice } from './toml-file.ts';

const TIME_LIMIT_MS = 20_000;

export interface Programs {
  readonly containerd: string;
  readonly ctr: string;
}

/** @param containerd as the unit names it; undefined: wherever it is found */
export function findPrograms(containerd: string | undefined): Programs | undefined {
  const found = [containerd, ...SEARCH_PATH.map((directory) => `${directory}/containerd`)].find(
    (path): path is string => path !== undefined && existsSync(path),
  );
  if (found === undefined) return undefined;
  const beside = join(dirname(found), 'ctr');
  return { containerd: found, ctr: existsSync(beside) ? beside : 'ctr' };
}

/** The major release; undefined if it does not say. @throws ToolError `install` */
export async function majorRelease({ containerd }: Programs): Promise<number | undefined> {
  const said = await ask(containerd, ['--version']);
  const major = /\sv?(\d+)\.\d+/.exec(said)?.[1];
  return major === undefined ? undefined : Number(major);
}

/** The version of the configuration that it would write itself. @throws ToolError `install` */
export async function defaultVersion({ containerd }: Programs): Promise<number> {
  const { version } = parseDocument(await ask(containerd, ['config', 'default']));
  return typeof version === 'number' ? version : 2;
}

/** @throws ToolError `install` */
export async function defaultSpec({ ctr }: Pick<Programs, 'ctr'>): Promise<string> {
  return await ask(ctr, ['oci', 'spec']);
}

/**
 * What containerd makes of files, defaults and all: `containerd config dump`.
 *
 * @param files the main file first, then what it imports, in order
 * @throws ToolError `install` with what containerd says if it does not take them
 */
export async function effectiveConfiguration(
  { containerd }: Programs,
  files: readonly { readonly path: string; readonly text: string }[],
): Promise<TomlTable> {
  const directory = mkdtempSync(join(tmpdir(), 'oci-measure-'));
  try {
    const places = files.map(({ path }, index) => join(directory, `${index}-${basename(path)}`));
    for (const [index, { path, text }] of files.entries()) {
      const imports = index === 0 ? places.slice(1) : [];
      writeFileSync(places[index] ?? '', importing(text, path, imports));
    }
    const [config = ''] = places;
    return parseDocument(await ask(containerd, ['--config', config, 'config', 'dump']));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The file with other imports. */
function importing(text: string, path: string, imports: readonly string[]): string {
  const there = readToml(text, path).assignments.find(({ path: key }) => key[0] === 'imports');
  const line = imports.length === 0 ? '' : `imports = ${JSON.stringify(imports)}`;
  if (there === undefined) return `${line}\n${text}`;
  const [start, end] = there.node.range;
  return splice(text, [{ start, end, text: line }]);
}

async function ask(program: string, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr, shortMessage } = await execa(program, args, {
    ...CHILD_PROCESS,
    timeout: TIME_LIMIT_MS,
  });
  if (exitCode === 0) return stdout;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  throw new ToolError(
    'install',
    `${basename(program)} ${args.at(-2) ?? ''} ${args.at(-1) ?? ''} failed`,
    {
      details: [said === '' ? (shortMessage ?? '') : said],
    },
  );
}
