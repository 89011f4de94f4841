import type { ByteString, Entry } from '#digest/entry';
import { encodeEntry } from '#digest/listing';
import { cleanInRoot } from './clean-path.ts';
import type { Semantics } from './engines.ts';
import { Refusal } from './refusal.ts';
import type { Unpacked } from './unpack-image.ts';

/** What engines do not show alike. */
export interface Disagreement {
  /** Below the root, without `./`. */
  readonly path: ByteString;
  /** The listing's lines of the path without the last line feed, `absent`, or `refused: ` and why the engine unpacks nothing. */
  readonly answers: ReadonlyMap<Semantics, string>;
}

export function isSame(a: Unpacked, b: Unpacked): boolean {
  if (a === b) return true;
  if (a instanceof Refusal || b instanceof Refusal) return false;
  return a.length === b.length && a.every((entry, i) => isSameEntry(entry, b[i]));
}

function isSameEntry(a: Entry, b: Entry | undefined): boolean {
  return (
    b !== undefined && a.path === b.path && a.kind === b.kind && encodeEntry(a) === encodeEntry(b)
  );
}

/** In the order in which a path first differs. */
export function findDisagreements(answers: ReadonlyMap<Semantics, Unpacked>): Disagreement[] {
  const trees = new Map<Semantics, Refusal | ReadonlyMap<ByteString, string>>();
  const paths = new Set<ByteString>();
  for (const [engine, unpacked] of answers) {
    const isRefusal = unpacked instanceof Refusal;
    if (isRefusal) paths.add(cleanInRoot(unpacked.path));
    trees.set(engine, isRefusal ? unpacked : linesOf(unpacked));
  }
  for (const tree of trees.values()) addDifferent(paths, tree, [...trees.values()]);
  return [...paths].map((path) => ({ path, answers: answersOf(path, trees) }));
}

type Tree = Refusal | ReadonlyMap<ByteString, string>;

function linesOf(entries: readonly Entry[]): Map<ByteString, string> {
  return new Map(entries.map((entry) => [entry.path, encodeEntry(entry).slice(0, -1)]));
}

function addDifferent(paths: Set<ByteString>, tree: Tree, others: readonly Tree[]): void {
  if (tree instanceof Refusal) return;
  for (const [path, lines] of tree) {
    const isDifferent = others.some(
      (other) => !(other instanceof Refusal) && other.get(path) !== lines,
    );
    if (isDifferent) paths.add(path);
  }
}

function answersOf(
  path: ByteString,
  trees: ReadonlyMap<Semantics, Tree>,
): ReadonlyMap<Semantics, string> {
  return new Map(
    [...trees].map(([engine, tree]) => [
      engine,
      tree instanceof Refusal ? `refused: ${tree.reason}` : (tree.get(path) ?? 'absent'),
    ]),
  );
}
