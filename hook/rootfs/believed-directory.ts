import type { ByteString } from '#digest/entry';
import { FileFacts, Format } from '#digest/file-facts';
import {
  AT_FDCWD,
  close,
  ENOENT,
  ENOTDIR,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  openAt,
  readLink,
  statDescriptor,
} from '#digest/linux-syscalls';
import { quoted } from '#digest/quoted';
import { describeErrno } from '#digest/system-error';
import { type TreeRoot, treeRootOfFd } from '#digest/tree-root';
import { HookError } from '#hook/errors';

const MAX_LINKS = 40; // MAXSYMLINKS, as the kernel had when it resolved the same path

/**
 * Opens a directory that the kernel named in mountinfo, if nobody but root can have put another in its place: each
 * directory on the way, links followed, is owned by root and writable by nobody else. The way is walked descriptor
 * by descriptor, so what was checked is what is used.
 *
 * @returns undefined when there is nothing at the path
 * @throws HookError `rootfs` when the way to it cannot be believed
 */
export function openBelievedDirectory(path: ByteString): TreeRoot | undefined {
  using way = new Way(path);
  const names = componentsOf(path);
  for (let links = 0; names.length > 0; ) {
    const name = names.shift() ?? '';
    if (name === '..') {
      way.leave();
      continue;
    }
    const target = way.enter(name);
    if (target === 'gone') return undefined;
    if (target === 'entered') continue;
    links += 1;
    if (links > MAX_LINKS) throw notBelieved(path, `more than ${MAX_LINKS} links`);
    if (target.link.startsWith('/')) way.restart();
    names.unshift(...componentsOf(target.link));
  }
  return way.openHere();
}

function componentsOf(path: ByteString): ByteString[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

type Step = 'entered' | 'gone' | { readonly link: ByteString };

/** The directories from `/` to where we are, each held by an O_PATH descriptor. */
class Way implements Disposable {
  readonly #path: ByteString;
  readonly #descriptors: number[] = [];
  readonly #facts = new FileFacts();

  constructor(path: ByteString) {
    if (!path.startsWith('/')) throw notBelieved(path, 'not an absolute path');
    this.#path = path;
    this.#descriptors.push(this.#check(openAt(AT_FDCWD, '/', O_PATH | O_DIRECTORY)));
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#descriptors) close(descriptor);
    this.#descriptors.length = 0;
  }

  get #here(): number {
    return this.#descriptors.at(-1) ?? -1;
  }

  leave(): void {
    if (this.#descriptors.length > 1) close(this.#descriptors.pop() ?? -1);
  }

  restart(): void {
    while (this.#descriptors.length > 1) this.leave();
  }

  enter(name: ByteString): Step {
    const descriptor = openAt(this.#here, name, O_PATH | O_NOFOLLOW);
    if (descriptor === -ENOENT || descriptor === -ENOTDIR) return 'gone';
    this.#check(descriptor);
    try {
      this.#refuseUnlessRoots();
      this.#check(statDescriptor(descriptor, this.#facts.bytes));
    } catch (error) {
      close(descriptor);
      throw error;
    }
    const { format } = this.#facts;
    if (format === Format.dir) {
      this.#descriptors.push(descriptor);
      return 'entered';
    }
    close(descriptor);
    // Between opening and reading it only root can have changed it: the directory it lies in was checked.
    return format === Format.link ? { link: this.#readLink(name) } : 'gone';
  }

  openHere(): TreeRoot {
    const descriptor = openAt(this.#here, '.', O_RDONLY | O_DIRECTORY);
    return treeRootOfFd(this.#check(descriptor), this.#path);
  }

  #readLink(name: ByteString): ByteString {
    const bytes = Buffer.alloc(4096);
    const length = this.#check(readLink(this.#here, name, bytes));
    if (length === 0 || length === bytes.length) throw notBelieved(this.#path, 'a link too long');
    return bytes.toString('latin1', 0, length);
  }

  #refuseUnlessRoots(): void {
    this.#check(statDescriptor(this.#here, this.#facts.bytes));
    const { uid, gid, permissions } = this.#facts;
    const others = (permissions & 0o002) !== 0 || ((permissions & 0o020) !== 0 && gid !== 0);
    if (uid === 0 && !others) return;
    const found = `owner ${uid}:${gid}, mode ${permissions.toString(8).padStart(4, '0')}`;
    throw notBelieved(
      this.#path,
      `expected each directory on the way to be writable by root alone, found ${found}`,
    );
  }

  #check(result: number): number {
    if (result >= 0) return result;
    throw notBelieved(this.#path, describeErrno(-result));
  }
}

function notBelieved(path: ByteString, why: string): HookError {
  const shown = quoted(path);
  return new HookError('rootfs', `cannot believe that ${shown} is what was mounted: ${why}`);
}
