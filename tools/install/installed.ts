/**
 * What was installed on a host, written before anything else is done and taken away last: whatever moment a process is killed at, a removal
 * knows every file that may have been changed.
 */
import { dirname } from 'node:path';
import { isObject } from '#digest/json/is-object';
import { ToolError } from '#tools/errors';
import { formatJSON } from '#tools/json';
import { changeOf, type FileChange, readText } from './file-change.ts';
import type { Host } from './host.ts';
import { OWNERSHIP_MARK } from './own-places.ts';

export interface Installed {
  /** Whether the executable was put there by an installation. What was there before stays. */
  readonly hasExecutable: boolean;
  /** By the engine's name. */
  readonly engines: Readonly<Record<string, InstalledEngine>>;
  /** Host paths of directories that were made, parents first. */
  readonly directories: readonly string[];
}

export interface InstalledEngine {
  /** Host paths. */
  readonly files: readonly string[];
  /** When an installation last changed what the engine reads again only when it is told to. */
  readonly putIn?: Moment;
  /** Likewise a removal. */
  readonly takenOut?: Moment;
}

/** Of this machine. */
export interface Moment {
  readonly bootId: string;
  /** Microseconds of CLOCK_MONOTONIC, which is the clock of systemd's …TimestampMonotonic. */
  readonly microseconds: number;
}

export const NOTHING: Installed = { hasExecutable: false, engines: {}, directories: [] };

/**
 * @param path host path
 * @throws ToolError `install` for a file that no installation wrote
 */
export function readInstalled(host: Host, path: string): Installed | undefined {
  const text = readText(host.at(path));
  return text === undefined ? undefined : parse(text, path);
}

/** @param after undefined: nothing is installed any more */
export function changeInstalled(
  host: Host,
  path: string,
  after: Installed | undefined,
): FileChange {
  const place = host.at(path);
  return changeOf(place, after === undefined ? undefined : format(after), {
    makeIn: dirname(place),
  });
}

function format(installed: Installed): string {
  return formatJSON({ '//': OWNERSHIP_MARK, ...installed });
}

function parse(text: string, path: string): Installed {
  try {
    const found: unknown = JSON.parse(text);
    if (isInstalled(found)) {
      const { hasExecutable, engines, directories } = found;
      return { hasExecutable, engines, directories };
    }
  } catch {
    // Told below.
  }
  throw new ToolError('install', `${JSON.stringify(path)} is not as an installation wrote it`, {
    hint: 'say in it again what was installed, or move it away and remove the rest by hand',
  });
}

function isInstalled(value: unknown): value is Installed {
  if (!isObject(value)) return false;
  const { hasExecutable, engines, directories } = value;
  return (
    typeof hasExecutable === 'boolean' &&
    arePaths(directories) &&
    isObject(engines) &&
    Object.values(engines).every(isInstalledEngine)
  );
}

function isInstalledEngine(value: unknown): value is InstalledEngine {
  if (!isObject(value)) return false;
  const { files, putIn, takenOut } = value;
  const moments = [putIn, takenOut].filter((moment) => moment !== undefined);
  return arePaths(files) && moments.every(isMoment);
}

function isMoment(value: unknown): value is Moment {
  return (
    isObject(value) &&
    typeof value['bootId'] === 'string' &&
    typeof value['microseconds'] === 'number'
  );
}

function arePaths(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.every((item) => typeof item === 'string' && item.startsWith('/'))
  );
}
