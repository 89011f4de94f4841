import type { DigestText } from '#digest/digest';
import { DigestError } from '#digest/errors';
import { BlobReader } from './blob-reader.ts';
import { type Compression, compressionOf } from './compression.ts';
import type { Decoder, Sink } from './decoder.ts';
import { GzipDecoder } from './gzip-decoder.ts';
import { LayerArchive } from './layer-archive.ts';
import type { LayerSource } from './layer-source.ts';
import type { PackedEntries } from './packed-entries.ts';
import { PlainDecoder } from './plain-decoder.ts';
import type { SharedWork } from './shared-work.ts';
import { ZstdDecoder } from './zstd-decoder.ts';

/**
 * Reads one layer to its end, on the calling thread.
 *
 * @param onRead called after each part of the blob
 * @throws {DigestError} as readLayers()
 * @throws {Stopped}
 */
export function readLayer(
  source: LayerSource,
  work: SharedWork,
  onRead: () => void,
): PackedEntries {
  try {
    using blob = new BlobReader(source.blob);
    return readVerified(source, blob, work, onRead);
  } catch (error) {
    if (!(error instanceof DigestError)) throw error;
    throw new DigestError(error.code, `${source.label}: ${error.message}`, { cause: error });
  }
}

function readVerified(
  source: LayerSource,
  blob: BlobReader,
  work: SharedWork,
  onRead: () => void,
): PackedEntries {
  const compression = compressionOf(blob.start(), source.mediaType);
  using archive = new LayerArchive(work, compression !== 'none');
  const read = (): number => {
    work.checkpoint();
    const count = blob.read();
    work.countBlobBytes(count);
    onRead();
    return count;
  };
  const verify = (): void => {
    const digest = blob.digest();
    if (source.digest !== undefined) expect('digest', source.digest, digest);
    // Of what is not compressed one hash serves both.
    if (compression === 'none') expect('diff_id', source.diffID, digest);
  };
  try {
    readArchive(blob, read, decoderFor(compression, archive.write), archive);
  } catch (error) {
    // Damage is told from a blob that is another one than the image says.
    if (error instanceof DigestError && error.code === 'layer') {
      while (read() > 0);
      verify();
    }
    throw error;
  }
  verify();
  if (compression !== 'none') expect('diff_id', source.diffID, archive.digest());
  return archive.entries();
}

function readArchive(
  { chunk }: BlobReader,
  read: () => number,
  decoder: Decoder,
  archive: LayerArchive,
): void {
  using _ = decoder;
  for (let count = read(); count > 0; count = read()) decoder.write(chunk, count);
  decoder.end();
  archive.close();
}

function decoderFor(compression: Compression, sink: Sink): Decoder {
  switch (compression) {
    case 'gzip':
      return new GzipDecoder(sink);
    case 'zstd':
      return new ZstdDecoder(sink);
    case 'none':
      return new PlainDecoder(sink);
  }
}

function expect(what: string, expected: DigestText, found: DigestText): void {
  if (found !== expected) {
    throw new DigestError('image', `expected the ${what} ${expected}, found ${found}`);
  }
}
