import { parseStrictJson } from '#digest/json/strict-json';
import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';
import { stateMembers } from '#hook/oci/members.generated';
import { checkState } from '#hook/oci/validate';
import { hasControlCharacter, namesOf } from './plain-path.ts';

/** The state that a runtime gives its hooks (OCI runtime-spec, "State"), checked. */
export interface ContainerState {
  /** 1–255 printable ASCII characters without space and slash; not `.` or `..`. */
  readonly id: string;
  /** Of the container's first process, as the hook sees it. */
  readonly pid: number;
  /** Absolute. `/` where crun could not say. */
  readonly bundle: string;
  /** crun's own member: root.path of config.json, absolute or relative to the bundle. */
  readonly root?: string;
  /** `creating` from runc and youki, `created` from crun. */
  readonly status: string;
  readonly annotations: ReadonlyMap<string, string>;
}

/** Kubernetes allows 256 KiB of annotations; CRI-O passes them twice, and quoting doubles them. */
export const maxStateBytes: number = 4 * 1024 * 1024;

// PID_MAX_LIMIT of the kernel on 64 bits.
const maxPid = 4_194_304;

/** @throws HookError `state` */
export function parseState(bytes: Uint8Array): ContainerState {
  const topic = {
    what: 'the state on standard input',
    members: stateMembers,
    failure: (message: string, options?: ErrorOptions) => new HookError('state', message, options),
  };
  const state = checkState(parseStrictJson(bytes, topic));
  return {
    id: checkId(state.id),
    pid: checkPid(state.pid),
    bundle: checkBundle(state.bundle),
    ...(state.root === undefined ? {} : { root: checkPath('root', state.root) }),
    status: checkStatus(state.status),
    annotations: new Map(Object.entries(state.annotations ?? {})),
  };
}

/**
 * Every runtime names a directory by the id, so that 255 bytes bound it and a slash cannot be in it. runc allows `[\w+-.]` alone; crun
 * allows what we refuse besides: spaces, which would split a record's line, and what a terminal shows misleadingly.
 */
function checkId(id: string): string {
  if (/^[!-.0-~]{1,255}$/.test(id) && id !== '.' && id !== '..') return id;
  throw refusal('id', id, '1 to 255 printable ASCII characters without space and slash');
}

function checkPid(pid: number | undefined): number {
  if (pid !== undefined && pid >= 1 && pid <= maxPid) return pid;
  throw refusal('pid', pid, `a process id from 1 to ${maxPid}`);
}

function checkBundle(bundle: string): string {
  if (bundle.startsWith('/')) return checkPath('bundle', bundle);
  throw refusal('bundle', bundle, 'an absolute path');
}

function checkPath(member: string, path: string): string {
  const isUsable = path !== '' && !hasControlCharacter(path) && namesOf(path) !== undefined;
  if (isUsable) return path;
  throw refusal(member, path, 'a path without ".." and control characters');
}

function checkStatus(status: string): string {
  if (/^[!-~]{1,64}$/.test(status)) return status;
  throw refusal('status', status, 'a word');
}

function refusal(member: string, found: string | number | undefined, expected: string): HookError {
  const shown = typeof found === 'string' ? quoted(found) : (found ?? 'nothing');
  return new HookError('state', `${member} of the state: expected ${expected}, found ${shown}`);
}
