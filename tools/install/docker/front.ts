/**
 * The program that Docker starts in a runtime's place. It is a shell script, since it is started for everything that is done with a container,
 * each health check's `exec` too: a millisecond then, where our executable takes thirty.
 */
import type { HookCommand } from '#tools/install/hook-command';
import { OWNERSHIP_MARK } from '#tools/install/own-places';
import type { Former } from './daemon-json.ts';

/** What `uninstall` needs to know, kept where it cannot get lost: in the front. */
export interface FrontRecord extends Former {
  /** Host path of the configuration file that names the front. */
  readonly file: string;
}

export interface Front {
  /** Undefined where daemon.json is again what it was. */
  readonly record: FrontRecord | undefined;
  /** The runtime that was the default before, with its own arguments. */
  readonly runtime: readonly string[];
  /** The hook's entry, or undefined for a front that only hands over: what a removal leaves while containers run under it, or name it. */
  readonly entry: HookCommand | undefined;
}

const RECORD = '# before: ';

export function frontText({ record, runtime, entry }: Front): string {
  const handOver = `exec ${runtime.map((word) => shellWord(word)).join(' ')} "$@"`;
  const head = ['#!/bin/sh', `# ${OWNERSHIP_MARK}`];
  if (entry === undefined) {
    const why =
      '# Hands over, and does nothing else: Docker or a container of its still knew it when it was removed.';
    return lines([...head, why, ...recordLine(record), handOver]);
  }
  const executable = shellWord(entry.path);
  return lines([
    ...head,
    '# Adds the hook to what starts a container, and hands over to the runtime that was the default before.',
    ...recordLine(record),
    'log= before=',
    'for word',
    'do',
    '  case $word in',
    '    create | run | restore)',
    `      if [ ! -x ${executable} ]`,
    '      then',
    // To where containerd's shim looks for the reason, and to whoever reads standard error.
    `        reason=${shellWord(missing(entry.path))}`,
    `        [ -z "$log" ] || printf '{"level":"error","msg":"%s"}\\n' "$reason" >>"$log"`,
    `        printf '%s\\n' "$reason" >&2`,
    '        exit 1',
    '      fi',
    `      ${executable} add-hook ${shellWord(JSON.stringify(entry))} ${addedTo(runtime)}"$@" </dev/null >/dev/null || exit`,
    '      break',
    '      ;;',
    '  esac',
    '  [ "$before" != --log ] || log=$word',
    '  before=$word',
    'done',
    handOver,
  ]);
}

/** In JSON and printf(1), it means itself. */
function missing(executable: string): string {
  return `oci-measure: container not started: ${executable} is missing: install it again, or take the hook away by: oci-measure uninstall docker`;
}

function recordLine(record: FrontRecord | undefined): readonly string[] {
  return record === undefined ? [] : [RECORD + JSON.stringify(record)];
}

/** What a front remembers; undefined for one that has nothing to bring back any more, or that is none. */
export function readFrontRecord(text: string | undefined): FrontRecord | undefined {
  const line = text?.split('\n').find((each) => each.startsWith(RECORD));
  if (line === undefined) return undefined;
  try {
    const record: unknown = JSON.parse(line.slice(RECORD.length));
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

export function isFront(text: string | undefined): boolean {
  return text?.includes(`# ${OWNERSHIP_MARK}\n`) === true;
}

/** The line that hands over. */
export function handOverOf(text: string): string | undefined {
  return text.split('\n').findLast((line) => line.startsWith('exec '));
}

/** Whether a front adds no hook any more. */
export function onlyHandsOver(text: string): boolean {
  return isFront(text) && !text.includes(' add-hook ');
}

/** The same front without the hook. */
export function withoutHook(text: string, record?: FrontRecord): string {
  const handOver = handOverOf(text) ?? 'exec runc "$@"';
  const head = frontText({ record, runtime: [], entry: undefined }).split('\n').slice(0, -2);
  return lines([...head, handOver]);
}

function isRecord(value: unknown): value is FrontRecord {
  if (typeof value !== 'object' || value === null) return false;
  return 'file' in value && 'defaultRuntime' in value && 'hadRuntimes' in value;
}

/** A runtime's own arguments, which are part of what it is asked. */
function addedTo([, ...args]: readonly string[]): string {
  return args.map((word) => `${shellWord(word)} `).join('');
}

/** As one word of a POSIX shell. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
