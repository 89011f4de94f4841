/** Directories of hooks.d files, which podman, buildah, CRI-O and the NRI hook injector read in the same way (oci-hooks(5)). */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseStrictJson } from '#digest/json/strict-json';
import { systemErrorCode } from '#digest/system-error-code';
import { checkEntry, type HookSetup, isOurs } from './check-entry.ts';
import { type Finding, notSeen, problem, warning } from './finding.ts';
import { type HookEntry, parseHookFile } from './hook-entry.ts';
import { whoElseWrites } from './ownership.ts';

const CHECK = 'hook-entry';
const MAX_FILE_BYTES = 1024 * 1024;
const EXPECTED_FILE = 'a hooks.d file that can be read: one that cannot stops every container';

export interface HooksDirectories extends HookSetup {
  /** In the engine's order: a file of a later one takes the place of a file of the same name. */
  readonly directories: readonly string[];
  /** What to do where no file names the hook. */
  readonly mend: string;
}

/** Whether an engine that reads these directories can start a container at all, and whether it calls the hook. */
export function checkHooksDirectories(setup: HooksDirectories): readonly Finding[] {
  const readings = setup.directories.flatMap((directory) => readDirectory(directory));
  const broken = readings.flatMap(({ findings }) => findings);
  const entries = readings.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
  const ours = entries.filter((entry) => isOurs(entry, setup.executable));
  const others = entries.filter((entry) => !ours.includes(entry));
  const inForce = ours.filter((entry) => maskedBy(entry, entries) === undefined);
  const unlike = inForce.flatMap((entry) => entry.unlike ?? []);
  const findings = [
    ...setup.directories.flatMap(checkOwner),
    ...broken,
    ...others.flatMap(checkThere),
    ...ours.flatMap((entry) => checkMasked(entry, entries)),
    ...unlike,
    ...inForce.flatMap((entry) => (entry.unlike ? [] : checkEntry(entry, setup))),
  ];
  // One that cannot be read may be ours.
  if (ours.length > 0 || broken.length > 0) return findings;
  const found = `no file in ${setup.directories.join(' or ')} starts oci-measure`;
  return [...findings, warning(CHECK, found, 'an engine that calls the hook', setup.mend)];
}

/** Whether the findings say that the hook is called. */
export function callsHook(findings: readonly Finding[]): boolean {
  return findings.some(({ check, status }) => check === CHECK && status === 'ok');
}

interface ReadEntry extends HookEntry {
  /** That engines read the file otherwise, which matters of ours alone. */
  readonly unlike: Finding | undefined;
}

/** One file: either the hook in it, or what is wrong. */
interface FileReading {
  readonly entry?: ReadEntry;
  readonly findings: readonly Finding[];
}

function readDirectory(directory: string): readonly FileReading[] {
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
    const files = names.toSorted().map((name) => join(directory, name));
    return files.map(readHookFile);
  } catch (error) {
    // Engines take a missing directory for an empty one.
    if (systemErrorCode(error) === 'ENOENT') return [];
    return [{ findings: [notSeen(CHECK, JSON.stringify(directory), 'a directory', error)] }];
  }
}

function readHookFile(file: string): FileReading {
  let text: string;
  try {
    const facts = statSync(file);
    if (!facts.isFile()) throw new Error('expected a file');
    if (facts.size > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { findings: [notSeen(CHECK, JSON.stringify(file), EXPECTED_FILE, error)] };
  }
  try {
    return {
      entry: { ...parseHookFile(file, text), unlike: readOtherwise(file, text) },
      findings: [],
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { findings: [brokenFile(file, reason)] };
  }
}

/** Of others: podman 4.3 passes over such a file, those before stop at it. */
function checkThere({ file, path }: HookEntry): readonly Finding[] {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return [];
  const found = `${JSON.stringify(file)}: hook.path ${JSON.stringify(path)} is not there`;
  const expected =
    'the program of every hooks.d file: without it some engines stop every container';
  return [warning(CHECK, found, expected, `remove ${file}`)];
}

function brokenFile(file: string, reason: string): Finding {
  const found = `${JSON.stringify(file)}: ${reason}`;
  return problem(CHECK, found, EXPECTED_FILE, `mend or remove ${file}`);
}

const ALIKE = {
  members: {
    members: {
      version: {},
      hook: { members: { path: {}, args: {}, env: {}, timeout: {} } },
      when: { members: { always: {}, annotations: {}, commands: {}, hasBindMounts: {} } },
      stages: {},
    },
  },
  failure: (message: string) => new Error(message),
};

/** Engines (Go's encoding/json) take the last of two members whose names differ by case alone: they would start something else. */
function readOtherwise(what: string, text: string): Finding | undefined {
  try {
    parseStrictJson(Buffer.from(text), { what, ...ALIKE });
    return undefined;
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const expected = 'a file that engines read as doctor does';
    return problem(CHECK, found, expected, `write each member of ${what} once, in its own case`);
  }
}

function checkMasked(entry: HookEntry, entries: readonly HookEntry[]): readonly Finding[] {
  const other = maskedBy(entry, entries);
  if (other === undefined) return [];
  const found = `${entry.file}: not read, as ${other.file} has the same name`;
  return [problem(CHECK, found, 'a name of its own', `rename ${other.file}`)];
}

function maskedBy(entry: HookEntry, entries: readonly HookEntry[]): HookEntry | undefined {
  const later = entries.slice(entries.indexOf(entry) + 1);
  return later.find(({ file }) => basename(file) === basename(entry.file));
}

/** Whoever can add a file can have any program run as root, and the hook's own file masked. */
function checkOwner(directory: string): readonly Finding[] {
  const expected = 'hooks directories that root alone can change';
  try {
    const writers = whoElseWrites(directory);
    if (writers === undefined) return [];
    return [problem(CHECK, writers, expected, `give ${directory} to root, mode go-w`)];
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    return [notSeen(CHECK, JSON.stringify(directory), expected, error)];
  }
}
