/** Ends a process by SIGKILL at its n-th step on the disk. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What an installation changes a disk with; openSync and copyFileSync are half done when they end it. */
const STEPS = [
  'chmodSync',
  'copyFileSync',
  'fchmodSync',
  'fchownSync',
  'fsyncSync',
  'linkSync',
  'mkdirSync',
  'openSync',
  'renameSync',
  'rmSync',
  'rmdirSync',
  'unlinkSync',
  'writeFileSync',
] as const;

/** @param steps that are let happen; before the next one the process dies */
export function installFuse(steps: number): { readonly left: () => number } {
  let left = steps;
  const functions: Record<string, unknown> = {};
  for (const name of STEPS) {
    const original: unknown = fs[name];
    if (typeof original !== 'function') throw new TypeError(`no ${name}`);
    functions[name] = (...args: unknown[]): unknown => {
      if (left === 0) {
        blow(name, args);
      }
      left -= 1;
      return Reflect.apply(original, fs, args);
    };
  }
  const { copyFileSync, writeFileSync, truncateSync, statSync } = fs;
  Object.assign(fs, functions);
  syncBuiltinESMExports();
  return { left: () => left };

  /** A write is cut in the middle. */
  function blow(name: string, args: readonly unknown[]): void {
    const [from, to] = args;
    if (name === 'copyFileSync' && typeof from === 'string' && typeof to === 'string') {
      copyFileSync(from, to);
      truncateSync(to, statSync(to).size >> 1);
    } else if (name === 'writeFileSync' && typeof from === 'number' && typeof to === 'string') {
      writeFileSync(from, to.slice(0, to.length >> 1));
    }
    process.kill(process.pid, 'SIGKILL');
  }
}
