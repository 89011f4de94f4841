import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { PrivateHost } from './private-host.ts';

/** Where an installation may change something. */
const PLACES = ['/etc', '/usr/libexec', '/usr/local/libexec', '/usr/share/containers'];

/** Of every file, directory and link: kind, mode, owner, time of the last change, content. By its path. */
export type Settings = Readonly<Record<string, string>>;

export function readSettings(host: PrivateHost): Settings {
  const found: Record<string, string> = {};
  for (const place of PLACES) if (existsSync(host.at(place))) read(host.at(place), place, found);
  return found;
}

/** The paths at which something else is, or nothing. */
export function changedSettings(host: PrivateHost, from: Settings): string[] {
  const now = readSettings(host);
  const paths = new Set([...Object.keys(from), ...Object.keys(now)]);
  return [...paths].filter((path) => from[path] !== now[path]).toSorted();
}

function read(at: string, path: string, found: Record<string, string>): void {
  const facts = lstatSync(at);
  const { mode, uid, gid, mtimeNs } = lstatSync(at, { bigint: true });
  const common = `${mode.toString(8)} ${uid}:${gid}`;
  if (facts.isFile()) {
    const digest = createHash('sha256').update(readFileSync(at)).digest('hex');
    found[path] = `${common} ${mtimeNs} ${digest}`;
  } else if (facts.isSymbolicLink()) {
    found[path] = `${common} ${readlinkSync(at)}`;
  } else {
    // Its time of change is that of what was made in it and taken away again.
    found[path] = common;
    for (const name of readdirSync(at)) read(`${at}/${name}`, `${path}/${name}`, found);
  }
}
