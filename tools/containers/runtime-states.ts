/** What runtimes wrote down about containers that they started: found, bounded and checked as to form; nothing in it is believed further. */
import { type Dirent, readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { isObject } from '#digest/json/is-object';
import { systemErrorCode } from '#digest/system-error-code';
import { readTrustedFile } from '#hook/input/trusted-file';

/** One container as its runtime has it on file. */
export interface RuntimeState {
  readonly id: string;
  readonly pid: number;
  /** Clock ticks after boot; undefined where the file does not tell. */
  readonly startTime: number | undefined;
  /** Absolute; undefined where the file does not tell. */
  readonly bundle: string | undefined;
  /** The file. */
  readonly file: string;
}

export interface RuntimeStates {
  readonly states: readonly RuntimeState[];
  /** What could not be read, and why. */
  readonly unread: readonly string[];
}

/**
 * Where runtimes that root runs keep their states, a directory for each container; `*` is any name. crun, youki and runc alone and under
 * podman and CRI-O; runc under containerd, k3s and Docker; containerd's shims, whatever runtime they have, also those of a containerd that k3s or Docker started.
 */
export const STATE_DIRECTORIES: readonly string[] = [
  '/run/runc',
  '/run/crun',
  '/run/youki',
  '/run/containerd/runc/*',
  '/run/k3s/containerd/runc/*',
  '/run/docker/runtime-*/*',
  '/run/containerd/io.containerd.runtime.v2.task/*',
  '/run/k3s/containerd/io.containerd.runtime.v2.task/*',
  '/run/docker/containerd/daemon/io.containerd.runtime.v2.task/*',
];

const MAX_STATES = 20_000;
const MAX_FILE_BYTES = 8 * 1024 * 1024;
/** PID_MAX_LIMIT of the kernel on 64 bits. */
const MAX_PID = 4_194_304;

type Parse = (text: string, place: Pick<RuntimeState, 'id' | 'file'>) => RuntimeState;

/** By the name of the file: what runc and youki, crun and a shim of containerd write. */
const FORMS: readonly { readonly name: string; readonly parse: Parse }[] = [
  { name: 'state.json', parse: parseRuncState },
  { name: 'status', parse: parseCrunStatus },
  { name: 'init.pid', parse: parseShimPid },
];

/** All that is on file below the given directories; one that is not there has none. */
export function readRuntimeStates(patterns: readonly string[] = STATE_DIRECTORIES): RuntimeStates {
  const states: RuntimeState[] = [];
  const unread: string[] = [];
  const attempt = (what: string, read: () => void): void => {
    try {
      read();
    } catch (error) {
      unread.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const pattern of patterns) {
    attempt(pattern, () => {
      for (const directory of expand(`${pattern}/*`)) {
        if (states.length >= MAX_STATES) throw new Error(`more than ${MAX_STATES} containers`);
        attempt(directory, () => states.push(...readState(directory)));
      }
    });
  }
  return { states, unread };
}

/** The directories that a pattern names. Links are not followed. */
function expand(pattern: string): readonly string[] {
  if (!pattern.includes('*')) return [pattern];
  const above = dirname(pattern);
  const [before = '', after = ''] = basename(pattern).split('*');
  return expand(above).flatMap((directory) =>
    entriesOf(directory)
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => name.startsWith(before) && name.endsWith(after))
      .map((name) => join(directory, name)),
  );
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** None where a runtime is just making or removing it, or where the directory is something else. */
function readState(directory: string): readonly RuntimeState[] {
  for (const { name, parse } of FORMS) {
    const file = join(directory, name);
    const bytes = readTrustedFile({ path: file, maxBytes: MAX_FILE_BYTES, code: 'state' });
    if (bytes === undefined || bytes.length === 0) continue;
    const text = Buffer.from(bytes).toString('utf8');
    return [parse(text, { id: basename(directory), file })];
  }
  return [];
}

/** runc: libcontainer's State, whose bundle is among the labels. youki: an OCI state with more members. */
function parseRuncState(text: string, place: Pick<RuntimeState, 'id' | 'file'>): RuntimeState {
  const state = asObject(JSON.parse(text), place.file);
  const isRunc = Object.hasOwn(state, 'init_process_pid');
  const config = isRunc ? asObject(state['config'] ?? {}, `config in ${place.file}`) : {};
  const labels = Array.isArray(config['labels']) ? config['labels'] : [];
  const label = labels.find((one) => typeof one === 'string' && one.startsWith('bundle='));
  return {
    ...place,
    pid: asPid(isRunc ? state['init_process_pid'] : state['pid'], place.file),
    startTime: asTicks(state['init_process_start']),
    bundle: asPath(isRunc ? String(label ?? '').slice('bundle='.length) : state['bundle']),
  };
}

/** crun: libcrun_container_status_t. */
function parseCrunStatus(text: string, place: Pick<RuntimeState, 'id' | 'file'>): RuntimeState {
  const status = asObject(JSON.parse(text), place.file);
  return {
    ...place,
    pid: asPid(status['pid'], place.file),
    startTime: asTicks(status['process-start-time']),
    bundle: asPath(status['bundle']),
  };
}

/** A shim's file is in the bundle itself. */
function parseShimPid(text: string, place: Pick<RuntimeState, 'id' | 'file'>): RuntimeState {
  const pid = asPid(/^\d{1,7}$/.test(text.trim()) ? Number(text) : text, place.file);
  return { ...place, pid, startTime: undefined, bundle: dirname(place.file) };
}

function asObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw new Error(`expected ${name} to be an object`);
}

function asPid(value: unknown, file: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_PID) {
    return value;
  }
  throw new Error(`expected a process id in ${file}, found ${JSON.stringify(value)?.slice(0, 40)}`);
}

/** 0 is what runtimes write of a process that they could not look at. */
function asTicks(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function asPath(value: unknown): string | undefined {
  return typeof value === 'string' && isAbsolute(value) ? value : undefined;
}
