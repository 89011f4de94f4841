import { READ_LIMITS } from '#digest/blobs/limits';
import type { DigestText } from '#digest/digest';
import type { Entry } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { ListingDigest } from '#digest/listing-digest';
import { quotePath } from '#digest/listing-path';
import { SEMANTICS, type Semantics } from '#digest/semantics';
import {
  type Disagreement,
  type Disagreements,
  findDisagreements,
  isSame,
} from './disagreements.ts';
import type { Layer } from './layer.ts';
import { Refusal } from './refusal.ts';
import { type Unpacked, unpackAsOverlays, unpackInSequence } from './unpack-image.ts';

export type { Semantics } from '#digest/semantics';
export type { Disagreement } from './disagreements.ts';

export interface LayeredRootfs extends Disagreements {
  /** In a listing's order; `encodeEntry()` of each, after `LISTING_HEADER.rootfs`, is the listing. */
  readonly entries: readonly Entry[];
  readonly digest: DigestText;
  /** Of the files listed, each name counted. */
  readonly fileBytes: number;
  /** containerd, Docker and podman show the same. */
  readonly portable: boolean;
  /** What engines show that unpack all layers into one directory (vfs, native): those of which it is something else. Worked out when asked for. */
  readonly sequential: ReadonlyMap<Semantics, SequentialAnswer>;
}

export type SequentialAnswer = { readonly digest: DigestText } | { readonly refusal: string };

/** Engines unpack an image differently, and none was chosen. */
export class AmbiguityError extends DigestError implements Disagreements {
  readonly disagreements: readonly Disagreement[];
  readonly disagreementCount: number;

  constructor(found: Disagreements) {
    super('ambiguous', describe(found));
    this.disagreements = found.disagreements;
    this.disagreementCount = found.disagreementCount;
  }
}

/**
 * The tree that engines make of an image's layers, and its digest (docs/applying-layers.md).
 *
 * @param layers the lowest first
 * @param semantics whose answer is wanted where engines disagree
 * @throws {DigestError} `layer` (all engines refuse the image, or the chosen one does), `ambiguous` (an {@link AmbiguityError}), `too-large`
 */
export function digestLayers(layers: readonly Layer[], semantics?: Semantics): LayeredRootfs {
  checkSize(layers);
  const answers = unpackAsEach(layers);
  const found = new Set(answers.values()).size === 1 ? NONE : findDisagreements(answers);
  const { disagreements, disagreementCount } = found;
  const entries = choose(answers, found, semantics);
  const { digest, fileBytes } = digestEntries(entries);
  let sequential: ReadonlyMap<Semantics, SequentialAnswer> | undefined;
  return {
    entries,
    digest,
    fileBytes,
    portable: disagreementCount === 0,
    disagreements,
    disagreementCount,
    get sequential() {
      return (sequential ??= digestInSequence(layers, digest));
    },
  };
}

const NONE: Disagreements = { disagreements: [], disagreementCount: 0 };

function checkSize(layers: readonly Layer[]): void {
  const entries = layers.reduce((sum, layer) => sum + layer.entries.length, 0);
  if (layers.length > READ_LIMITS.layers || entries > READ_LIMITS.entries) {
    throw new DigestError(
      'too-large',
      `expected at most ${READ_LIMITS.layers} layers with ${READ_LIMITS.entries} entries, found ${layers.length} with ${entries}`,
    );
  }
}

/** Equal answers are one object: a large image is kept once. */
function unpackAsEach(layers: readonly Layer[]): Map<Semantics, Unpacked> {
  const answers = unpackAsOverlays(layers);
  for (const [semantics, unpacked] of answers) {
    const known = [...answers.values()].find((answer) => isSame(answer, unpacked));
    answers.set(semantics, known ?? unpacked);
  }
  return answers;
}

function choose(
  answers: ReadonlyMap<Semantics, Unpacked>,
  found: Disagreements,
  semantics: Semantics | undefined,
): readonly Entry[] {
  const refusals = [...answers.values()].filter((answer) => answer instanceof Refusal);
  const [refusal] = refusals;
  if (refusal !== undefined && refusals.length === answers.size && semantics === undefined) {
    throw new DigestError(
      'layer',
      `no engine unpacks ${quotePath(refusal.path)}: ${refusal.reason}`,
      { cause: refusal },
    );
  }
  if (semantics === undefined && found.disagreementCount > 0) throw new AmbiguityError(found);
  const chosen = answers.get(semantics ?? 'containerd');
  if (chosen instanceof Refusal) throw chosen;
  return chosen ?? [];
}

function digestEntries(entries: readonly Entry[]): { digest: DigestText; fileBytes: number } {
  using listing = new ListingDigest('rootfs');
  for (const entry of entries) listing.add(entry);
  return { digest: listing.digest(), fileBytes: listing.fileBytes };
}

function digestInSequence(
  layers: readonly Layer[],
  overlay: DigestText,
): ReadonlyMap<Semantics, SequentialAnswer> {
  const each = SEMANTICS.map(
    (semantics) => [semantics, answerInSequence(layers, semantics)] as const,
  );
  return new Map(each.filter(([, answer]) => !('digest' in answer && answer.digest === overlay)));
}

/** It is an aside: what costs too much to work out is told as a refusal. */
function answerInSequence(layers: readonly Layer[], semantics: Semantics): SequentialAnswer {
  try {
    const unpacked = unpackInSequence(layers, semantics);
    if (unpacked instanceof Refusal) return { refusal: unpacked.message };
    return { digest: digestEntries(unpacked).digest };
  } catch (error) {
    if (error instanceof DigestError) return { refusal: error.message };
    throw error;
  }
}

const SHOWN = 3;

function describe({ disagreements, disagreementCount }: Disagreements): string {
  const shown = disagreements.slice(0, SHOWN).map(({ path, answers }) => {
    const each = [...answers].map(([engine, answer]) => `${engine} ${JSON.stringify(answer)}`);
    return `${quotePath(path)} (${each.join(', ')})`;
  });
  const more = disagreementCount - shown.length;
  const rest = more > 0 ? ` and ${more} more` : '';
  return `engines show different files of this image: ${shown.join('; ')}${rest}`;
}
