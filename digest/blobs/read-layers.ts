import { DigestError } from '#digest/errors';
import type { Layer } from '#digest/layers/layer';
import type { Outcome } from './layer-job.ts';
import type { LayerSource } from './layer-source.ts';
import { READ_LIMITS, type ReadLimits } from './limits.ts';
import { unpackEntries } from './packed-entries.ts';
import { SharedWork } from './shared-work.ts';
import { readSideBySide } from './side-by-side.ts';

export type { BlobRegion, LayerSource } from './layer-source.ts';

export interface ReadOptions {
  /** Called now and then with the bytes of blobs read since the last call. */
  readonly onProgress?: (bytes: number) => void;
  readonly limits?: Partial<ReadLimits>;
}

/**
 * Reads the layers of an image, side by side: the calling thread reads as well, and returns to its event loop when nothing is left
 * to take up. Nothing is returned before every layer was read to its end and had the digests that the image gives it.
 *
 * @returns one layer for each source, in their order; the same one for the same source
 * @throws {DigestError} `image` (a digest is not what the image says, a blob is cut short), `layer` (damaged, or no archive that engines
 *   unpack), `too-large`, `unreadable`
 */
export async function readLayers(
  sources: readonly LayerSource[],
  options: ReadOptions = {},
): Promise<readonly Layer[]> {
  const limits = { ...READ_LIMITS, ...options.limits };
  if (sources.length > limits.layers) {
    const found = `found ${sources.length}`;
    throw new DigestError('too-large', `expected at most ${limits.layers} layers, ${found}`);
  }
  const jobs = new Map(sources.toSorted(byFallingSize).map((source) => [identity(source), source]));
  const assignment = { sources: [...jobs.values()], limits, memory: new SharedWork(limits).memory };
  const results = await readSideBySide(assignment, options.onProgress ?? (() => {}));
  const resultOf = new Map([...jobs.keys()].map((key, job) => [key, results[job]]));
  for (const source of sources) throwFailure(resultOf.get(identity(source)));

  const layers = new Map<string, Layer>();
  return sources.map((source) => {
    const key = identity(source);
    const layer = layers.get(key) ?? unpack(source, resultOf.get(key));
    layers.set(key, layer);
    return layer;
  });
}

/** The largest first: the last ones should end together. */
function byFallingSize(a: LayerSource, b: LayerSource): number {
  return b.blob.size - a.blob.size;
}

/** Equal sources have equal layers. */
function identity({ blob, mediaType, digest, diffID }: LayerSource): string {
  const bytes = digest === undefined ? [blob.fd, blob.offset] : [digest];
  return JSON.stringify([...bytes, blob.size, mediaType, diffID]);
}

type Result = Outcome['result'];

function throwFailure(result: Result | undefined): void {
  if (result === undefined || 'words' in result || result.isStopped) return;
  const { code, error } = result;
  throw code === undefined ? error : new DigestError(code, error.message, { cause: error.cause });
}

function unpack({ diffID, label }: LayerSource, result: Result | undefined): Layer {
  if (result === undefined || !('words' in result)) throw new Error(`${label} was not read`);
  return { diffID, entries: unpackEntries(result) };
}
