import { mkdirSync } from 'node:fs';
import { execa } from 'execa';

export interface OverlayMount extends AsyncDisposable {
  /** The merged directory. */
  readonly rootfs: string;
  readonly upper: string;
}

/** Mounts `lowers` (topmost first) the way an engine does, with upper and work directories of its own below `directory`. */
export async function mountOverlay(
  directory: string,
  lowers: readonly string[],
): Promise<OverlayMount> {
  const rootfs = `${directory}/rootfs`;
  const upper = `${directory}/upper`;
  const work = `${directory}/work`;
  for (const path of [rootfs, upper, work]) mkdirSync(path, { recursive: true });
  const options = `lowerdir=${lowers.join(':')},upperdir=${upper},workdir=${work}`;
  await execa('mount', ['-t', 'overlay', 'overlay', '-o', options, rootfs]);
  return {
    rootfs,
    upper,
    async [Symbol.asyncDispose]() {
      await execa('umount', ['--lazy', rootfs]);
    },
  };
}
