import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A real filesystem in a file, mounted where records are made. For tests, which run as root. */
export interface ScratchRecords extends Disposable {
  readonly directory: string;
  readonly uuid: string;
  /** Beside the filesystem: removed with it. */
  readonly scratch: string;
}

export interface RecordsOptions {
  readonly type?: 'ext4' | 'ext2';
  /** Of the mount. */
  readonly options?: string;
  readonly inodes?: number;
}

const HOME = '/var/lib/oci-measure-test';

export function scratchRecords(how: RecordsOptions = {}): ScratchRecords {
  const { type = 'ext4', options = 'nosuid,nodev,noexec', inodes = 256 } = how;
  mkdirSync(HOME, { recursive: true, mode: 0o755 });
  const scratch = mkdtempSync(join(HOME, 'ima-'));
  const [image, directory] = [join(scratch, 'image'), join(scratch, 'records')];
  mkdirSync(directory);
  const uuid = crypto.randomUUID();
  const dispose = (): void => {
    unmountAll(scratch);
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    run('truncate', '-s', '4M', image);
    run(`mkfs.${type}`, '-q', '-F', '-U', uuid, '-N', String(inodes), image);
    run('mount', '-t', type, '-o', `loop,${options}`, image, directory);
  } catch (thrown) {
    dispose();
    throw thrown;
  }
  return { directory, uuid, scratch, [Symbol.dispose]: dispose };
}

function unmountAll(scratch: string): void {
  const points = run('findmnt', '--list', '--noheadings', '--output', 'TARGET').split('\n');
  for (const point of points.filter((one) => one.startsWith(`${scratch}/`)).toReversed()) {
    run('umount', '--lazy', point);
  }
}

export function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
}
