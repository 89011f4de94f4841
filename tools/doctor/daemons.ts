import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { processStartTime } from '#hook/log/process-start';
import { bootTimeMs, ticksToMs } from '#tools/time';

/** A process of an engine or of what drives one, as it runs now. */
export interface Daemon {
  readonly name: DaemonName;
  readonly pid: number;
  /** Milliseconds after 1970, to some 10 ms. */
  readonly startedMs: number;
  /** What it was started from. */
  readonly executable: string;
  /** Whether that file was replaced or removed since. */
  readonly isReplaced: boolean;
  /** The words after the program's name. */
  readonly args: readonly string[];
  /** Undefined where the kernel does not tell. */
  readonly umask: number | undefined;
}

const NAMES = ['containerd', 'dockerd', 'crio', 'kubelet', 'hook-injector'] as const;
export type DaemonName = (typeof NAMES)[number];

const DELETED = ' (deleted)';

/**
 * The engines that run on this machine. Root's processes that see our pids and our files: what a container calls itself
 * does not count.
 */
export function findDaemons(): readonly Daemon[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => describe(Number(pid))).filter((daemon) => daemon !== undefined);
}

function describe(pid: number): Daemon | undefined {
  const process = `/proc/${pid}`;
  try {
    const comm = readFileSync(`${process}/comm`, 'utf8').trimEnd();
    const name = NAMES.find((one) => one === comm);
    if (name === undefined || !isOfThisMachine(process)) return undefined;
    const status = readFileSync(`${process}/status`, 'utf8');
    if (/^Uid:\s+(\d+)/m.exec(status)?.[1] !== '0') return undefined;
    const executable = readlinkSync(`${process}/exe`);
    const umask = /^Umask:\s+([0-7]+)$/m.exec(status)?.[1];
    const ticks = processStartTime(pid) ?? 0;
    return {
      name,
      pid,
      startedMs: bootTimeMs() + ticksToMs(ticks),
      executable: executable.endsWith(DELETED) ? executable.slice(0, -DELETED.length) : executable,
      isReplaced: executable.endsWith(DELETED),
      args: readFileSync(`${process}/cmdline`, 'utf8').split('\0').slice(1, -1),
      umask: umask === undefined ? undefined : Number.parseInt(umask, 8),
    };
  } catch {
    // Gone meanwhile, or not for us to look at.
    return undefined;
  }
}

function isOfThisMachine(process: string): boolean {
  const [theirs, ours] = [statSync(`${process}/root`), statSync('/')];
  if (theirs.dev !== ours.dev || theirs.ino !== ours.ino) return false;
  return readlinkSync(`${process}/ns/pid`) === readlinkSync('/proc/self/ns/pid');
}

/** The value of a flag, as Go's flag packages take it: `--name value` and `--name=value`, with one dash or two; the last one counts. */
export function flagOf(args: readonly string[], ...names: readonly string[]): string | undefined {
  return flagsOf(args, ...names).at(-1);
}

export function flagsOf(args: readonly string[], ...names: readonly string[]): readonly string[] {
  const values: string[] = [];
  for (const [index, word] of args.entries()) {
    const [, name, value] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined || !names.includes(name)) continue;
    const given = value ?? args[index + 1];
    if (given !== undefined) values.push(given);
  }
  return values;
}
