/** containerd.service as systemd's unit files have it: which program with which configuration. And a drop-in of ours. */
import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { ToolError } from '#tools/errors';
import { readText } from '#tools/install/file-change';
import type { Host } from '#tools/install/host';
import { OWNERSHIP_MARK } from '#tools/install/own-places';
import { dropInsOf, UNIT_DIRECTORIES } from '#tools/install/unit-directories';

export const UNIT = 'containerd.service';
/** Has the base specs made anew before containerd reads them. */
export const UNIT_DROP_IN: string = `/etc/systemd/system/${UNIT}.d/50-oci-measure.conf`;

export interface Service {
  /** Undefined: not told by its path. */
  readonly program: string | undefined;
  /** Undefined: containerd's default. */
  readonly configuration: string | undefined;
}

/**
 * Undefined where there is no such unit.
 *
 * @throws ToolError `install` if it does not tell which configuration it has
 */
export function findService(host: Host): Service | undefined {
  const texts = unitTexts(host);
  if (texts === undefined) return undefined;
  const lines = texts.join('\n').replaceAll('\\\n', ' ').split('\n');
  const variables = new Map<string, string>();
  let words: string[] = [];
  for (const line of lines) {
    const [, key, value = ''] = /^\s*(ExecStart|Environment)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key === 'ExecStart') words = wordsOf(value);
    if (key === 'Environment') {
      for (const word of wordsOf(value)) variables.set(...nameAndValue(word));
    }
  }
  const expanded = words.map((word) => expand(word, variables));
  // Not what starts it (`/usr/bin/env PATH=… containerd`).
  const program = expanded.map((word) => word.replace(/^[-@:+!|]+/, '')).find(isContainerd);
  const configuration = configurationIn(expanded);
  if (configuration !== undefined && !isPath(configuration)) {
    throw new ToolError('install', `cannot tell the configuration that ${UNIT} has`, {
      details: [`ExecStart=${words.join(' ')}`],
    });
  }
  return { program: program !== undefined && isPath(program) ? program : undefined, configuration };
}

function unitTexts(host: Host): string[] | undefined {
  const unit = UNIT_DIRECTORIES.map((directory) => `${directory}/${UNIT}`).find((path) =>
    existsSync(host.at(path)),
  );
  if (unit === undefined) return undefined;
  const dropIns = dropInsOf(UNIT, (directory) => namesIn(host.at(directory)));
  return [unit, ...dropIns].map((path) => textAt(host, path));
}

/** A unit that is masked is a link to /dev/null. */
function textAt(host: Host, path: string): string {
  const place = host.at(path);
  return place.endsWith('/dev/null') ? '' : (readText(place) ?? '');
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([word, double, single]) => double ?? single ?? word,
  );
}

function configurationIn(words: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    if (/^--?c(onfig)?$/.test(word)) return words[index + 1];
    const value = /^--?c(?:onfig)?=(.*)$/.exec(word)?.[1];
    if (value !== undefined) return value;
  }
  return undefined;
}

function nameAndValue(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}

function expand(word: string, variables: ReadonlyMap<string, string>): string {
  return word.replaceAll(
    /\$\{(\w+)\}|\$(\w+)/g,
    (found, braced?: string, plain?: string) => variables.get(braced ?? plain ?? '') ?? found,
  );
}

function isContainerd(word: string): boolean {
  return basename(word) === 'containerd';
}

function isPath(word: string): boolean {
  return word.startsWith('/') && !/[$%]/.test(word);
}

/** Whatever becomes of it, containerd starts (`-`). */
export function unitDropIn(executable: string): string {
  return `# ${OWNERSHIP_MARK}
[Service]
ExecStartPre=-${executable} refresh-base-specs
`;
}
