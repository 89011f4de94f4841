/** Which container is which measurement (docs/measurement-log.md §8). Read without the lock; written under it. */
import { basename, dirname, join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import {
  isThere,
  namesIn,
  readIfPresent,
  removeFile,
  renameFile,
  replaceFile,
} from './durable-file.ts';
import { decodeMapEntry, encodeMapEntry, type MapEntry, mapEntryOf } from './map-entry.ts';
import type { LogRecord } from './measurement-log.ts';
import { isRunning } from './process-start.ts';
import { makeOwnDirectory } from './state-directory.ts';

const MAX_ENTRY_BYTES = 1024 * 1024;
/** Above the first, down to the second: removing one at each start would read all of them at each start. */
const MAX_ENTRIES = 10_000;
const KEPT_ENTRIES = 9_000;

/** The entry of a container; undefined where there is none. @throws HookError 'log' if it cannot be read */
export function readContainer(directory: string, id: string): MapEntry | undefined {
  return readEntry(join(directory, fileNameOf(id)));
}

/**
 * All entries, oldest start first; one that another hook removes meanwhile is left out. None where there is no map.
 * @throws HookError 'log' if one cannot be read
 */
export function listContainers(directory: string): MapEntry[] {
  const entries: MapEntry[] = [];
  for (const name of entryNames(directory)) {
    const entry = readEntry(join(directory, name));
    if (entry !== undefined) entries.push(entry);
  }
  return entries.toSorted((one, other) => one.timestamp - other.timestamp);
}

/** Brings the map up to date with a record that is in the log now. @throws HookError 'log' */
export function followRecord(directory: string, record: LogRecord): void {
  const { event } = record;
  if (event.type === 'container') {
    replaceFile(join(directory, fileNameOf(event.id)), encodeMapEntry(mapEntryOf(event, record)));
    prune(directory);
  } else if (event.type === 'denied' || event.type === 'aborted') {
    if (event.record === undefined) return;
    const path = join(directory, fileNameOf(event.id));
    // An entry that cannot be read is not the truth either.
    if (tryRead(path)?.record === event.record) removeFile(path);
  }
}

/**
 * Makes sure that there is a map. One that is missing is made from the log, and put in place when it is whole.
 * @throws HookError 'log'
 */
export function openContainerMap(directory: string, readLog: () => readonly LogRecord[]): void {
  if (!isThere(directory)) {
    const made = join(dirname(directory), `.${basename(directory)}.new`);
    makeOwnDirectory(made);
    emptyContainerMap(made);
    for (const record of readLog()) followRecord(made, record);
    renameFile(made, directory);
  }
  makeOwnDirectory(directory);
}

/** @throws HookError 'log' */
export function emptyContainerMap(directory: string): void {
  for (const name of entryNames(directory)) removeFile(join(directory, name));
}

/** Ids are the caller's text: never a path, never hidden, never too long for a file name. */
export function fileNameOf(id: string): string {
  const bytes = Buffer.from(id);
  let name = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    const plain = name === '' ? /[\w-]/ : /[\w.-]/;
    name += plain.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  if (name === '' || name.length > 200) name = `%%${sha256(bytes).toHex()}`;
  return `${name}.json`;
}

function readEntry(path: string): MapEntry | undefined {
  const bytes = readIfPresent(path, MAX_ENTRY_BYTES);
  return bytes === undefined ? undefined : decodeMapEntry(bytes);
}

function tryRead(path: string): MapEntry | undefined {
  try {
    return readEntry(path);
  } catch {
    return undefined;
  }
}

function entryNames(directory: string): string[] {
  return namesIn(directory).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
}

/** Removes the oldest entries of containers that are gone, once there are too many. Never stops a start. */
function prune(directory: string): void {
  const names = entryNames(directory);
  if (names.length <= MAX_ENTRIES) return;
  const paths = names.map((name) => join(directory, name));
  const gone = paths
    .map((path) => ({ path, entry: tryRead(path) }))
    .filter(({ entry }) => entry === undefined || !isRunning(entry))
    .toSorted((one, other) => (one.entry?.timestamp ?? 0) - (other.entry?.timestamp ?? 0));
  for (const { path } of gone.slice(0, names.length - KEPT_ENTRIES)) removeFile(path);
}
