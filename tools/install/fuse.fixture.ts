/** Ends a process by SIGKILL at its n-th step on the disk. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What an installation changes a disk with. */
const STEPS = [
  'chmodSync',
  'copyFileSync',
  'fchmodSync',
  'fchownSync',
  'linkSync',
  'mkdirSync',
  'openSync',
  'renameSync',
  'rmSync',
  'rmdirSync',
  'writeFileSync',
] as const;

/** @param steps that are let happen; before the next one, or in the middle of it where it writes, the process dies */
export function installFuse(steps: number): void {
  let left = steps;
  const die = halfOf(fs.writeFileSync, fs.truncateSync, fs.copyFileSync);
  const guarded = STEPS.map((name) => {
    const original: (...args: never[]) => unknown = fs[name];
    const guard = (...args: unknown[]): unknown => {
      if (left === 0) die(name, args);
      if (name !== 'openSync' || args[1] !== 'r') left -= 1;
      return Reflect.apply(original, fs, args);
    };
    return [name, guard] as const;
  });
  Object.assign(fs, Object.fromEntries(guarded));
  syncBuiltinESMExports();
}

/** The functions as they are without the fuse. */
function halfOf(
  write: typeof fs.writeFileSync,
  truncate: typeof fs.truncateSync,
  copy: typeof fs.copyFileSync,
): (name: string, args: readonly unknown[]) => never {
  return (name, [first, second]) => {
    if (name === 'copyFileSync' && typeof first === 'string' && typeof second === 'string') {
      copy(first, second);
      truncate(second, fs.statSync(second).size >> 1);
    }
    if (name === 'writeFileSync' && typeof first === 'number' && typeof second === 'string') {
      write(first, second.slice(0, second.length >> 1));
    }
    process.kill(process.pid, 'SIGKILL');
    throw new Error('killed');
  };
}
