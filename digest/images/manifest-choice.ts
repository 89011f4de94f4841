import type { DigestText } from '#digest/digest';
import { type Platform, showPlatform } from '#digest/platform';
import { quoted } from '#digest/quoted';
import { imageError } from './image-error.ts';
import { hostPlatform, isSameArchitecture, isSamePlatform } from './platform-match.ts';

/** A manifest that could be meant. */
export interface Candidate {
  readonly digest: DigestText;
  /** The name of index.json's descriptor that led to it. */
  readonly name: string | undefined;
  /** Of its descriptor, else of its configuration. */
  readonly platform: Platform;
}

const MAX_SHOWN = 10;

/**
 * The one manifest that is meant (docs/images.md, "Which platform").
 *
 * @param wanted undefined: this machine's, if there is a choice
 * @param where for messages
 * @throws {DigestError} `image` where it is none, or not one
 */
export function chooseManifest<T extends Candidate>(
  candidates: readonly T[],
  wanted: Platform | undefined,
  where: string,
): T {
  const different = distinct(candidates);
  const [first] = different;
  if (first === undefined) throw imageError(`expected an image in ${where}, found none`);
  if (wanted === undefined && different.length === 1) return first;
  return choosePlatform(different, wanted ?? hostPlatform(), where);
}

function distinct<T extends Candidate>(candidates: readonly T[]): readonly T[] {
  return [...new Map(candidates.map((candidate) => [candidate.digest, candidate])).values()];
}

function choosePlatform<T extends Candidate>(
  candidates: readonly T[],
  wanted: Platform,
  where: string,
): T {
  const near = candidates.filter(({ platform }) => isSameArchitecture(platform, wanted));
  const same = near.filter(({ platform }) => isSamePlatform(platform, wanted));
  const found = same.length > 0 || wanted.variant !== undefined ? same : near;
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const shown = (found.length === 0 ? candidates : found).map(show);
  throw imageError(
    `expected one image for ${showPlatform(wanted)} in ${where}, found ${list(shown)}`,
  );
}

function show({ digest, name, platform }: Candidate): string {
  const image = `${showPlatform(platform)} (${digest})`;
  return name === undefined ? image : `${quoted(name)} for ${image}`;
}

/** Names of what there is, for messages. */
export function list(shown: readonly string[]): string {
  const more = shown.length - MAX_SHOWN;
  const first = shown.slice(0, MAX_SHOWN).join(', ');
  return more > 0 ? `${first} and ${more} more` : first;
}
