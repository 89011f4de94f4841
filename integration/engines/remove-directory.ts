import { readFileSync, rmSync } from 'node:fs';
import { execa } from 'execa';

/** Removes an engine's directory. What it left mounted below is unmounted before, last first. */
export async function removeDirectory(directory: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const points = mounts.map((line) => line.split(' ')[1] ?? '');
  for (const point of points.toReversed()) {
    if (point.startsWith(`${directory}/`)) await execa('umount', ['--lazy', point]);
  }
  rmSync(directory, { recursive: true, force: true });
}
