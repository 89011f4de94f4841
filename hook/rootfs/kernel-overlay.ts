import { readSync } from 'node:fs';

import {
  AT_FDCWD,
  changeDirectory,
  close,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  openAt,
} from '#digest/linux-syscalls';
import { quoted } from '#digest/quoted';
import { describeErrno } from '#digest/system-error';
import { type TreeRoot, treeRootOfFd } from '#digest/tree-root';
import { HookError } from '#hook/errors';
import type { ImageDirectories } from './lower-directories.ts';
import { configureMount, createMount, FSCONFIG, openFilesystem } from './mount-syscalls.ts';
import type { OverlayOptions } from './overlay-options.ts';

/**
 * The kernel's own view of lower directories, read-only and without an upper one: for layers that only overlayfs
 * understands (redirect, metacopy, data-only). The mount has no mount point and goes with its descriptor.
 *
 * @param spare an empty directory: overlayfs wants two lower directories where there is no upper one
 * @throws HookError `rootfs` when the kernel refuses
 */
export function mountKernelOverlay(
  image: ImageDirectories,
  meaning: OverlayOptions['meaning'],
  spare: TreeRoot,
): TreeRoot {
  const lowers = image.lowers.length === 1 ? [...image.lowers, spare] : image.lowers;
  const whole = { lowers, dataLowers: image.dataLowers };
  try {
    return mountByDescriptor(whole, meaning);
  } catch (error) {
    if (!(error instanceof HookError)) throw error;
    // Before Linux 6.8 there is no `lowerdir+`, and before 6.5 that is said no earlier than when all else would be.
    return mountByNumber(whole, meaning);
  }
}

function mountByDescriptor(image: ImageDirectories, meaning: OverlayOptions['meaning']): TreeRoot {
  using context = openOverlayContext(meaning);
  for (const { fd } of image.lowers) context.set('lowerdir+', `/proc/self/fd/${fd}`);
  for (const { fd } of image.dataLowers) context.set('datadir+', `/proc/self/fd/${fd}`);
  return context.mount();
}

/**
 * One `lowerdir=` string of at most 255 bytes: the lowers as descriptor numbers, relative to `/proc/self/fd`. The
 * kernel resolves them when the filesystem is created, so the working directory is changed until then.
 */
export function mountByNumber(
  image: ImageDirectories,
  meaning: OverlayOptions['meaning'],
): TreeRoot {
  const data = image.dataLowers.map(({ fd }) => `::${fd}`);
  const lowerdir = image.lowers.map(({ fd }) => fd).join(':') + data.join('');
  if (lowerdir.length > 255)
    throw new HookError(
      'rootfs',
      `${image.lowers.length} lower directories that need the kernel to be read are more than this kernel takes in one option`,
    );
  using context = openOverlayContext(meaning);
  return inDescriptorDirectory(() => {
    context.set('lowerdir', lowerdir);
    return context.mount();
  });
}

function inDescriptorDirectory<T>(use: () => T): T {
  using before = openByPath('.');
  using descriptors = openByPath('/proc/self/fd');
  enter(descriptors);
  try {
    return use();
  } finally {
    enter(before);
  }
}

function openByPath(path: string): TreeRoot {
  const fd = openAt(AT_FDCWD, path, O_PATH | O_DIRECTORY);
  if (fd < 0)
    throw new HookError('rootfs', `could not open ${quoted(path)}: ${describeErrno(-fd)}`);
  return treeRootOfFd(fd, path);
}

/** By system call: process.chdir is refused in a worker thread. */
function enter({ fd, label }: TreeRoot): void {
  const result = changeDirectory(fd);
  if (result < 0)
    throw new HookError('rootfs', `could not enter ${quoted(label)}: ${describeErrno(-result)}`);
}

/** A filesystem context of fsopen(2): options are set one by one, then it is created and mounted nowhere. */
class OverlayContext implements Disposable {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }

  set(key: string, value: string): void {
    const command = value === '' ? FSCONFIG.setFlag : FSCONFIG.setString;
    const result = configureMount(this.#fd, command, key, value === '' ? null : value);
    if (result < 0) throw this.#refused(`the option ${quoted(`${key}=${value}`)}`, result);
  }

  mount(): TreeRoot {
    const created = configureMount(this.#fd, FSCONFIG.create, null, null);
    if (created < 0) throw this.#refused('the lower directories', created);
    const mount = createMount(this.#fd);
    if (mount < 0) throw this.#refused('to mount them', mount);
    // The O_PATH descriptor keeps the mount alive, the other one reads the directory.
    const root = openAt(mount, '.', O_RDONLY | O_DIRECTORY);
    if (root < 0) close(mount);
    if (root < 0) throw this.#refused('to open the mount', root);
    return {
      fd: root,
      label: 'the kernel’s overlay of the lower directories',
      [Symbol.dispose]: () => {
        close(root);
        close(mount);
      },
    };
  }

  #refused(what: string, result: number): HookError {
    const said = this.#readMessage();
    return new HookError(
      'rootfs',
      `the lower directories need the kernel to be read, and it refuses ${what}: ${describeErrno(-result)}${said}`,
    );
  }

  /** The kernel explains itself on the context's descriptor, one message at a time, or fails with ENODATA. */
  #readMessage(): string {
    const bytes = Buffer.alloc(1024);
    try {
      const length = readSync(this.#fd, bytes);
      return ` (${quoted(bytes.toString('latin1', 0, length).trim())})`;
    } catch {
      return '';
    }
  }
}

function openOverlayContext(meaning: OverlayOptions['meaning']): OverlayContext {
  const fd = openFilesystem('overlay');
  if (fd < 0)
    throw new HookError(
      'rootfs',
      `the lower directories need the kernel to be read, and it opens no overlay: ${describeErrno(-fd)}`,
    );
  const context = new OverlayContext(fd);
  try {
    for (const [key, value] of meaning) context.set(key, value);
  } catch (error) {
    context[Symbol.dispose]();
    throw error;
  }
  return context;
}
