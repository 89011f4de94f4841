import { alignEntries, findEntry } from '#digest/aligned-entries';
import type { ByteString, Entry } from '#digest/entry';
import { encodeEntry } from '#digest/listing';
import type { Semantics } from '#digest/semantics';
import { cleanInRoot } from './clean-path.ts';
import { Refusal } from './refusal.ts';
import type { Unpacked } from './unpack-image.ts';

/** What engines do not show alike. */
export interface Disagreement {
  /** Below the root, without `./`. */
  readonly path: ByteString;
  /** The listing's lines of the path without the last line feed, `absent`, or `refused: ` and why the engine unpacks nothing. */
  readonly answers: ReadonlyMap<Semantics, string>;
}

export interface Disagreements {
  /** First what engines refuse, then in a listing's order; no more than {@link MAX_KEPT}, with about {@link MAX_KEPT_LENGTH} of answers. */
  readonly disagreements: readonly Disagreement[];
  /** Of all of them. */
  readonly disagreementCount: number;
}

export const MAX_KEPT = 10_000;
/** Bytes: a line can be long, and all of them together make one JSON text. */
export const MAX_KEPT_LENGTH: number = 16 * 1024 ** 2;

export function isSame(a: Unpacked, b: Unpacked): boolean {
  if (a === b) return true;
  if (a instanceof Refusal || b instanceof Refusal) return false;
  return a.length === b.length && a.every((entry, i) => isSameEntry(entry, b[i]));
}

function isSameEntry(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.path === b.path && a.kind === b.kind && encodeEntry(a) === encodeEntry(b);
}

function isTree(answer: Unpacked): answer is readonly Entry[] {
  return !(answer instanceof Refusal);
}

/** @param answers equal ones are one object */
export function findDisagreements(answers: ReadonlyMap<Semantics, Unpacked>): Disagreements {
  const different = [...new Set(answers.values())];
  const trees = different.filter(isTree);
  const refusals = different.filter((answer) => answer instanceof Refusal);
  const refused = new Set(refusals.map(({ path }) => cleanInRoot(path)));
  const found = new Found(answers, trees);
  for (const path of refused) {
    const entries = trees.map((tree) => findEntry(tree, path));
    found.add(path, entries);
  }
  if (trees.length < 2) return found;
  for (const { path, entries } of alignEntries(trees)) {
    const [first] = entries;
    if (refused.has(path) || entries.every((entry) => isSameEntry(entry, first))) continue;
    found.add(path, entries);
  }
  return found;
}

class Found implements Disagreements {
  readonly disagreements: Disagreement[] = [];
  disagreementCount = 0;
  readonly #answers: ReadonlyMap<Semantics, Unpacked>;
  readonly #trees: readonly Unpacked[];
  #length = 0;

  constructor(answers: ReadonlyMap<Semantics, Unpacked>, trees: readonly Unpacked[]) {
    this.#answers = answers;
    this.#trees = trees;
  }

  /** @param entries of each tree */
  add(path: ByteString, entries: readonly (Entry | undefined)[]): void {
    this.disagreementCount += 1;
    if (this.disagreements.length === MAX_KEPT || this.#length >= MAX_KEPT_LENGTH) return;
    const lines = entries.map((entry) => (entry ? encodeEntry(entry).slice(0, -1) : 'absent'));
    const answers = new Map<Semantics, string>();
    for (const [engine, answer] of this.#answers) {
      const isRefusal = answer instanceof Refusal;
      const text = isRefusal
        ? `refused: ${answer.reason}`
        : (lines[this.#trees.indexOf(answer)] ?? 'absent');
      answers.set(engine, text);
      this.#length += text.length;
    }
    this.disagreements.push({ path, answers });
  }
}
