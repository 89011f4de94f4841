import { readFileSync, readlinkSync } from 'node:fs';

import type { ByteString } from '#digest/entry';
import { quoted } from '#digest/quoted';
import { openTreeRoot, type TreeRoot } from '#digest/tree-root';
import { HookError } from '#hook/errors';
import { type Mount, mountsInside, readMountinfo } from './mountinfo.ts';

/** The container's root as it is mounted on the host, held open. */
export interface MountedRootfs extends Disposable {
  readonly root: TreeRoot;
  /** The overlay that is mounted at exactly this directory, if it is one. */
  readonly overlay: Mount | undefined;
}

/**
 * The mount is the one the open directory is on, which is the topmost: the kernel names it by id, so nothing mounted
 * above or below it, or over a parent, can be taken for it.
 *
 * @throws HookError `rootfs` when something is mounted inside: runtimes bind that along, and it is not the image's
 * @throws DigestError `unreadable`
 */
export function openMountedRootfs(path: string): MountedRootfs {
  using held = new DisposableStack();
  const root = held.use(openTreeRoot(path));
  const id = mountIdOf(root);
  const place: ByteString = readlinkSync(`/proc/self/fd/${root.fd}`, { encoding: 'latin1' });
  const mounts = readMountinfo();
  const mount = mounts.find((candidate) => candidate.id === id);
  if (mount === undefined)
    throw new HookError('rootfs', `mount ${id} of ${quoted(path)} is not in mountinfo`);
  const [inside] = mountsInside(mounts, mount, place);
  if (inside !== undefined)
    throw new HookError(
      'rootfs',
      `expected nothing mounted inside the rootfs, found ${quoted(inside.type)} at ${quoted(inside.point)}`,
    );
  // A bind mount of a directory inside an overlay is not what the lower directories hold.
  const isOverlay = mount.type === 'overlay' && mount.point === place && mount.root === '/';
  const keep = held.move();
  return {
    root,
    overlay: isOverlay ? mount : undefined,
    [Symbol.dispose]: () => {
      keep.dispose();
    },
  };
}

function mountIdOf({ fd }: TreeRoot): number {
  const facts = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
  const id = /^mnt_id:\t([0-9]+)$/m.exec(facts)?.[1];
  if (id === undefined) throw new HookError('rootfs', 'the kernel does not tell mount ids');
  return Number(id);
}
