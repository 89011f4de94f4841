/** The kernel's lists, through securityfs. */
import { closeSync, openSync, readlinkSync, readSync, statfsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoted } from '#digest/quoted';
import { describeErrno } from '#digest/system-error';
import { systemErrorCode } from '#digest/system-error-code';
import { HookError } from '#hook/errors';
import { configureMount, createMount, FSCONFIG, openFilesystem } from '#hook/rootfs/mount-syscalls';

export interface ListFile extends Disposable {
  /** Names what offsets are in. */
  readonly name: string;
  /** Size of a template digest in it. */
  readonly digestBytes: number;
  /** Bytes from this offset on, at least one unless the list ends there. @throws HookError 'ima' */
  read(offset: number, into: Uint8Array): number;
}

const SECURITYFS_MAGIC = 0x73_63_66_73;
const ENODEV = 19;
const LIST = 'binary_runtime_measurements';
/** Of the algorithms in file names of `_<algorithm>`; sha1 is what a list without has. */
const digestSizes: ReadonlyMap<string, number> = new Map([
  ['sha1', 20],
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
]);

/**
 * The list to read, by SHA-256 where the kernel has that one; undefined where it has no securityfs or no IMA.
 * @throws HookError 'ima' where there is one that cannot be opened
 */
export async function openKernelList(): Promise<ListFile | undefined> {
  using securityfs = openSecurityfs('/sys/kernel/security');
  return securityfs === undefined ? undefined : await openList(join(securityfs.path, 'ima'));
}

/** @param directory where `binary_runtime_measurements` is */
export async function openList(directory: string): Promise<ListFile | undefined> {
  const bySha256 = await openIfPresent(directory, `${LIST}_sha256`, 32);
  return (
    bySha256 ?? (await openIfPresent(directory, LIST, listedDigestBytes(join(directory, LIST))))
  );
}

/** Where each algorithm has its list, this name is a link to one of them. */
function listedDigestBytes(path: string): number {
  try {
    const algorithm = basename(readlinkSync(path)).slice(`${LIST}_`.length);
    return digestSizes.get(algorithm) ?? 20;
  } catch {
    return 20;
  }
}

export interface Securityfs extends Disposable {
  readonly path: string;
}

/** What is mounted at `path`, if that is securityfs; else one of our own, mounted nowhere. */
export function openSecurityfs(path: string): Securityfs | undefined {
  if (isSecurityfs(path)) return { path, [Symbol.dispose]: () => {} };
  const context = openFilesystem('securityfs');
  if (context === -ENODEV) return undefined;
  if (context < 0) throw unmountable(context);
  try {
    const created = configureMount(context, FSCONFIG.create, null, null);
    const mount = created < 0 ? created : createMount(context);
    if (mount < 0) throw unmountable(mount);
    return { path: `/proc/self/fd/${mount}`, [Symbol.dispose]: () => closeSync(mount) };
  } finally {
    closeSync(context);
  }
}

function isSecurityfs(path: string): boolean {
  return (
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true &&
    statfsSync(path).type === SECURITYFS_MAGIC
  );
}

function unmountable(result: number): HookError {
  return new HookError('ima', `securityfs cannot be mounted: ${describeErrno(-result)}`);
}

const ATTEMPTS = 20;
const PAUSE_MS = 25;
/** While another program takes measurements out of the list (CONFIG_IMA_STAGING). */
const busy: readonly unknown[] = ['EBUSY', 'EACCES', 'EAGAIN', 'ETXTBSY'];

async function openIfPresent(
  directory: string,
  name: string,
  digestBytes: number,
): Promise<ListFile | undefined> {
  const path = join(directory, name);
  for (let attempt = 1; ; attempt++) {
    try {
      return listFile(openSync(path, 'r'), name, digestBytes);
    } catch (cause) {
      const code = systemErrorCode(cause);
      if (code === 'ENOENT') return undefined;
      if (attempt === ATTEMPTS || !busy.includes(code)) throw unreadable(name, cause);
    }
    await sleep(PAUSE_MS);
  }
}

function listFile(fd: number, name: string, digestBytes: number): ListFile {
  return {
    name,
    digestBytes,
    read: (offset, into) => {
      try {
        return readSync(fd, into, 0, into.length, offset);
      } catch (cause) {
        throw unreadable(name, cause);
      }
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

function unreadable(name: string, cause: unknown): HookError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HookError('ima', `the kernel's list ${quoted(name)} cannot be read: ${reason}`, {
    cause,
  });
}
