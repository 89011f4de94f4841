import { escapePath } from '#digest/listing-path';
import type { SourceDigest } from './source-digest.ts';

/** docs/schema/digest.json */
export function describeDigest(source: string, result: SourceDigest): object {
  const { digest, entries, fileBytes, sockets, foreignMounts } = result;
  return {
    source,
    digest,
    entries,
    bytes: fileBytes,
    sockets: sockets.map(escapePath),
    foreignMounts: foreignMounts.map(escapePath),
  };
}
