import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dlopen } from 'node:ffi';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { close } from '#digest/linux-syscalls';
import { digestRootfs } from '#digest/rootfs';
import { openTreeRoot } from '#digest/tree-root';
import { measureRootfs, type RootfsMeasurement, type RootfsQuestion } from './measure-rootfs.ts';
import { configureMount, createMount, FSCONFIG, openFilesystem } from './mount-syscalls.ts';
import { unescapeOctal } from './mountinfo.ts';

const HOME = '/var/lib/oci-measure-test';

/** A directory for one test that may hold mounts: for tests alone, which run as root on a real kernel. */
export class Scratch implements Disposable {
  readonly path: string;

  constructor() {
    mkdirSync(HOME, { recursive: true });
    this.path = mkdtempSync(join(HOME, 'rootfs-'));
    chmodSync(this.path, 0o755);
    mkdirSync(this.at('empty'), { mode: 0o700 });
  }

  [Symbol.dispose](): void {
    const points = readFileSync('/proc/self/mountinfo', 'latin1')
      .split('\n')
      .map((line) => unescapeOctal(line.split(' ')[4] ?? ''))
      .filter((point) => point.startsWith(`${this.path}/`));
    for (const point of points.toReversed())
      run('umount', '-l', Buffer.from(point, 'latin1').toString());
    rmSync(this.path, { recursive: true, force: true });
  }

  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  directory(...names: string[]): string {
    const path = this.at(...names);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A directory tree: a text is a file, undefined an empty directory. */
  tree(name: string, entries: Readonly<Record<string, string | undefined>>): string {
    const path = this.directory(name);
    for (const [entry, content] of Object.entries(entries)) {
      if (content === undefined) mkdirSync(join(path, entry), { recursive: true });
      else {
        mkdirSync(dirname(join(path, entry)), { recursive: true });
        writeFileSync(join(path, entry), content);
      }
    }
    return path;
  }

  /** Mounts an overlay at `merged`, its upper directory being `upper`. */
  overlay(lowers: readonly string[], options: readonly string[] = []): string {
    const [upper, work, merged] = ['upper', 'work', 'merged'].map((name) => this.directory(name));
    const escaped = lowers.map((lower) => lower.replaceAll(/[\\:,]/g, '\\$&'));
    const all = [
      `lowerdir=${escaped.join(':')}`,
      `upperdir=${upper}`,
      `workdir=${work}`,
      ...options,
    ];
    run('mount', '-t', 'overlay', 'overlay', '-o', all.join(','), merged ?? '');
    return merged ?? '';
  }

  question(rootfs: string, more: Partial<RootfsQuestion> = {}): RootfsQuestion {
    return {
      rootfs,
      mountDestinations: [],
      user: { uid: 0, gid: 0 },
      cwd: '/',
      emptyDirectory: this.at('empty'),
      ...more,
    };
  }

  measure(rootfs: string, more: Partial<RootfsQuestion> = {}): RootfsMeasurement {
    return measureRootfs(this.question(rootfs, more));
  }
}

export function run(command: string, ...args: string[]): string {
  return runIn('/', command, ...args);
}

export function runIn(cwd: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', timeout: 30_000, stdio: 'pipe' });
}

/** Mounts by fsopen(2), key by key, which mount(8) cannot. */
export function mountOverlayByKeys(
  point: string,
  keys: readonly (readonly [string, string])[],
): void {
  const context = openFilesystem('overlay');
  for (const [key, value] of keys)
    assert.equal(configureMount(context, FSCONFIG.setString, key, value), 0, key);
  assert.equal(configureMount(context, FSCONFIG.create, null, null), 0);
  const mount = createMount(context);
  moveMount(mount, point);
  close(mount);
  close(context);
}

export function moveMount(mount: number, point: string): void {
  const word = 'i32';
  const types = [word, word, 'buffer', word, 'buffer', word] as const;
  const { functions } = dlopen(null, { syscall: { arguments: types, return: word } });
  const [nothing, target] = ['', point].map((text) => Buffer.from(`${text}\0`));
  const [SYS_move_mount, AT_FDCWD, MOVE_MOUNT_F_EMPTY_PATH] = [429, -100, 4];
  const result = functions.syscall(
    SYS_move_mount,
    mount,
    nothing ?? null,
    AT_FDCWD,
    target ?? null,
    MOVE_MOUNT_F_EMPTY_PATH,
  );
  assert.equal(result, 0);
}

/** The digest of a directory as it stands. */
export function digestOf(path: string): string {
  using root = openTreeRoot(path);
  return digestRootfs([root], { foreignMounts: 'refuse' }).digest;
}
