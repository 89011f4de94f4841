import type { PlacedEntry } from './list-reader.ts';
import { bankHash, IMA_PCR, replayBanks } from './list-replay.ts';
import { isViolation } from './measurement-list.ts';
import type { ShownRecord } from './record-file.ts';
import { measuredFile } from './template.ts';

/** Whether an entry of the list says of this record exactly what the kernel has to say: path, content and signature. */
export function isEntryOf({ entry, order }: PlacedEntry, shown: ShownRecord): boolean {
  // Most entries are of other files: looking for the path in the bytes spares taking them apart.
  if (
    !Buffer.from(entry.data.buffer, entry.data.byteOffset, entry.data.length).includes(shown.path)
  )
    return false;
  if (entry.pcr !== IMA_PCR || isViolation(entry)) return false;
  const file = measuredFile(entry, order);
  if (file?.path !== shown.path) return false;
  return (
    digestOf(shown.content, file.algorithm)?.toHex() === file.digest.toHex() &&
    (file.signature === undefined || file.signature.toHex() === shown.signature.toHex())
  );
}

/** Undefined for an algorithm that the kernel knows and we do not (ima_hash=wp512). */
function digestOf(content: string, algorithm: string): Uint8Array | undefined {
  const bank = replayBanks.find((one) => one === algorithm);
  return bank === undefined ? undefined : bankHash(bank)(new TextEncoder().encode(content));
}
