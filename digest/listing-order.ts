import type { ByteString, Entry } from './entry.ts';
import { DigestError } from './errors.ts';
import { escapePath, quotePath } from './listing-path.ts';

/** Checks that entries come in a listing's order (docs/rootfs-digest.md, "Order"). */
export class ListingOrder {
  /** The directories that the last entry is below, the root first, each with the last name seen in it. */
  readonly #open: { readonly path: ByteString; lastName: ByteString }[] = [
    { path: '', lastName: '' },
  ];

  /** @throws {DigestError} `malformed` */
  check({ path, kind }: Entry): void {
    const slash = path.lastIndexOf('/');
    const parent = slash === -1 ? '' : path.slice(0, slash);
    const name = path.slice(slash + 1);
    while (this.#open.length > 1 && this.#open.at(-1)?.path !== parent) this.#open.pop();
    const directory = this.#open.at(-1);
    if (directory?.path !== parent) {
      throw new DigestError(
        'malformed',
        `expected the directory ${quotePath(parent)} just above, found ${quotePath(path)} without it`,
      );
    }
    if (name <= directory.lastName) {
      throw new DigestError(
        'malformed',
        `expected names in ascending order of their bytes, found ${quotePath(path)} after ${JSON.stringify(escapePath(directory.lastName))}`,
      );
    }
    directory.lastName = name;
    if (kind === 'dir') this.#open.push({ path, lastName: '' });
  }
}

/** A listing's order: by the bytes of names from the root on, so that a slash comes before all of them. */
export function comparePaths(a: ByteString, b: ByteString): number {
  if (a === b) return 0;
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return rank(a, at) - rank(b, at);
}

function rank(path: ByteString, at: number): number {
  if (at === path.length) return -1;
  return path[at] === '/' ? 0 : path.charCodeAt(at);
}
