import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Result } from './result.ts';

const FILES_PER_DIRECTORY = 999;

/** The most memory (VmHWM) that digesting a tree of so many entries takes. */
export function measurePeakMemory(
  program: string,
  directory: string,
  entries: number,
  boundMB: number,
): Result {
  const tree = `${directory}/entries`;
  makeTree(tree, entries);
  try {
    const peakMB = peakMBOf([program, 'digest', tree]);
    return {
      what: `memory, ${entries.toLocaleString('en')} entries`,
      measured: `${peakMB.toFixed(0)} MB`,
      found: `${peakMB.toFixed(0)} MB`,
      bound: `< ${boundMB} MB`,
      holds: peakMB < boundMB,
    };
  } finally {
    rmSync(tree, { recursive: true });
  }
}

/** Directories of small files, each with contents of its own. */
function makeTree(root: string, entries: number): void {
  mkdirSync(root);
  for (let made = 0, directory = ''; made < entries; made += 1) {
    if (made % (FILES_PER_DIRECTORY + 1) === 0) {
      directory = `${root}/directory-${made}`;
      mkdirSync(directory);
    } else {
      writeFileSync(`${directory}/a-file-with-a-name-of-ordinary-length-${made}`, String(made));
    }
  }
}

/** The most memory of a process that has ended: GNU time's %M, ru_maxrss, which is its VmHWM. */
export function peakMBOf(command: readonly string[]): number {
  const { status, stderr } = spawnSync('time', ['--quiet', '-f', '%M', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const peak = Number(stderr);
  if (status !== 0 || !(peak > 0)) throw new Error(`${command.join(' ')} failed: ${stderr}`);
  return (peak * 1024) / 1e6;
}
