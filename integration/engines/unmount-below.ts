import { readFileSync } from 'node:fs';
import { execa } from 'execa';

/** Unmounts what an engine left mounted below a directory, last first. */
export async function unmountBelow(directory: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const points = mounts.map((line) => line.split(' ')[1] ?? '');
  for (const point of points.toReversed()) {
    if (point.startsWith(`${directory}/`)) await execa('umount', ['--lazy', point]);
  }
}
