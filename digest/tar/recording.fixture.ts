import { createHash, type Hash } from 'node:crypto';
import { DigestError } from '#digest/errors';
import { TarReader } from './tar-reader.ts';

/** An archive as it was read, in the form of testdata/answers.json. */
export interface Recording {
  readonly entries: RecordedEntry[];
  /** The reader's message where it refused; the entries before are kept. */
  error?: string;
}

interface RecordedEntry {
  readonly name: string;
  readonly typeFlag: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly major: number;
  readonly minor: number;
  readonly size: number;
  readonly sha256: string;
  /** In base64. */
  readonly xattrs: Record<string, string>;
}

/** @param chunks the archive in pieces of these lengths, repeated */
export function recordArchive(archive: Uint8Array, chunks: readonly number[] = []): Recording {
  const recording: Recording = { entries: [] };
  const reader = recordingReader(recording);
  try {
    for (const piece of pieces(archive, chunks)) reader.write(piece);
    reader.close();
  } catch (error) {
    if (!(error instanceof DigestError)) throw error;
    recording.error = error.message;
  }
  return recording;
}

function* pieces(archive: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let i = 0;
  for (let at = 0; at < archive.length; ) {
    const length = Math.max(1, lengths[i % lengths.length] ?? archive.length);
    // Not at the archive's own memory: a chunk is valid during the call only.
    const piece = new Uint8Array(archive.subarray(at, at + length));
    yield piece;
    piece.fill(0xff);
    at += length;
    i += 1;
  }
}

function recordingReader({ entries }: Recording): TarReader {
  let hash: Hash = createHash('sha256');
  let current: Omit<RecordedEntry, 'sha256'> | undefined;
  let length = 0;
  return new TarReader({
    header({ name, typeFlag, linkName, mode, uid, gid, major, minor, size, xattrs }) {
      const values = xattrs.map((xattr) => [xattr.name, xattr.value.toBase64()]);
      const numbers = { mode, uid, gid, major, minor, size };
      current = { name, typeFlag, linkName, ...numbers, xattrs: Object.fromEntries(values) };
      hash = createHash('sha256');
      length = 0;
    },
    data(chunk) {
      hash.update(chunk);
      length += chunk.length;
    },
    hole(zeros) {
      if (zeros <= MOST_ZEROS) hash.update(Buffer.alloc(zeros));
      length += zeros;
    },
    end() {
      if (current?.size !== length) throw new Error(`${length} bytes of ${current?.size}`);
      entries.push({ ...current, sha256: hash.digest('hex') });
    },
  });
}

/** Longer holes are not hashed: a test has no memory for them. */
const MOST_ZEROS = 2 ** 24;
