/** containerd's configuration: the main file and what it imports, in the order in which containerd reads them, without what is ours. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { TomlTable } from 'smol-toml';
import { ToolError } from '#tools/errors';
import { readText } from '#tools/install/file-change';
import type { Host } from '#tools/install/host';
import { DROP_IN_NAME } from './drop-in.ts';
import { withoutBaseSpecs } from './take-base-specs.ts';
import { readToml } from './toml-file.ts';

export const MAIN_FILE = '/etc/containerd/config.toml';

export interface ConfigurationFile {
  /** The host's path. */
  readonly path: string;
  /** Without what is ours. */
  readonly text: string;
  readonly document: TomlTable;
  /** Of the format. */
  readonly version: number;
  /** As written. */
  readonly imports: readonly string[];
}

/** As many as no site has. */
const MAX_FILES = 1000;
const VERSIONS = [1, 2, 3, 4];

/**
 * @param main the host's path of the main file
 * @param major of the release that reads it, where that is known
 * @returns the main file first; none if it is not there
 * @throws ToolError `install` for files that containerd or we cannot read
 */
export function readConfiguration(host: Host, main: string, major?: number): ConfigurationFile[] {
  const files = new Map<string, ConfigurationFile>();
  const pending = [main];
  for (const path of pending) {
    if (files.has(path) || basename(path) === DROP_IN_NAME) continue;
    const file = readFile(host, path, files.get(main)?.version ?? 1);
    if (file === undefined && path === main) return [];
    if (file === undefined) {
      throw new ToolError(
        'install',
        `containerd imports ${JSON.stringify(path)}, which is not there`,
      );
    }
    files.set(path, file);
    pending.push(...importedFiles(host, file, major));
    if (files.size > MAX_FILES) throw new ToolError('install', 'containerd imports too many files');
  }
  return [...files.values()];
}

function readFile(host: Host, path: string, inherited: number): ConfigurationFile | undefined {
  const found = readText(host.at(path));
  const text = found === undefined ? undefined : withoutBaseSpecs(found, path);
  return text === undefined ? undefined : configurationFile(path, text, inherited);
}

/**
 * @param inherited the version where the file says none: of the main file, which is of version 1 then
 * @throws ToolError `install` for what is no configuration of a version that is known
 */
export function configurationFile(path: string, text: string, inherited = 1): ConfigurationFile {
  const { document } = readToml(text, path);
  const version = document['version'] ?? 0;
  const imports = document['imports'] ?? [];
  if (typeof version !== 'number' || (version !== 0 && !VERSIONS.includes(version))) {
    const found = typeof version === 'number' ? String(version) : typeof version;
    throw new ToolError(
      'install',
      `${JSON.stringify(path)} has the configuration version ${found}`,
      {
        hint: `known: ${VERSIONS.join(', ')}`,
      },
    );
  }
  if (!Array.isArray(imports) || !imports.every((item) => typeof item === 'string')) {
    throw new ToolError('install', `expected imports of ${JSON.stringify(path)} to be file names`);
  }
  return { path, text, document, version: version === 0 ? inherited : version, imports };
}

function importedFiles(
  host: Host,
  { path, imports }: ConfigurationFile,
  major: number | undefined,
): string[] {
  return imports.flatMap((item) => {
    // containerd 1.x looks for patterns where it was started: systemd does that in the root directory.
    const beside = major === 1 && item.includes('*') ? '/' : dirname(path);
    const full = item.startsWith('/') ? item : join(beside, item);
    // Only an asterisk makes it a pattern (resolveImports of containerd's cmd/containerd/server/config).
    return item.includes('*') ? glob(host, full) : [join(full)];
  });
}

/** As Go's filepath.Glob: sorted, with hidden files, without an error. */
function glob(host: Host, pattern: string): string[] {
  return join(pattern)
    .split('/')
    .slice(1)
    .reduce<string[]>(
      (found, part) =>
        found.flatMap((directory) => {
          if (!/[*?[\\]/.test(part)) return [`${directory}/${part}`];
          const matches = patternOf(part);
          return namesIn(host, directory)
            .filter((name) => matches.test(name))
            .map((name) => `${directory}/${name}`);
        }),
      [''],
    )
    .filter((path) => existsSync(host.at(path)));
}

function namesIn(host: Host, directory: string): string[] {
  try {
    return readdirSync(host.at(directory || '/')).toSorted();
  } catch {
    return [];
  }
}

function patternOf(part: string): RegExp {
  const source = part.replaceAll(/\\.|\[\^?[^\]]*\]|[^]/g, (token) => {
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.length > 1 && token.startsWith('[')) return token;
    return RegExp.escape(token.length > 1 ? token.slice(1) : token);
  });
  return new RegExp(`^${source}$`);
}

/** Where a drop-in is read: a directory whose `*.toml` the main file imports; conf.d before others. */
export function dropInDirectory(files: readonly ConfigurationFile[]): string | undefined {
  const [main] = files;
  if (main === undefined) return undefined;
  const found = main.imports.flatMap((item) => {
    const directory = /^(\/[^*?[\\]+)\/\*(?:\.toml)?$/.exec(item)?.[1];
    return directory === undefined ? [] : [directory];
  });
  return found.find((directory) => basename(directory) === 'conf.d') ?? found[0];
}
