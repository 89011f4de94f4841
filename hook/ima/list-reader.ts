import type { ListFile } from './list-file.ts';
import { type ByteOrder, ListDecoder, type ListEntry } from './measurement-list.ts';

/** An entry and where it lies. Valid until the next one is read. */
export interface PlacedEntry {
  readonly entry: ListEntry;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly order: ByteOrder;
}

const CHUNK_BYTES = 65_536;

/**
 * Entries of a list from an offset to its end, where one that is still being added is left out.
 * @param interrupt called now and then; may throw
 * @throws HookError 'ima' for what is no entry
 */
export function* readEntries(
  list: ListFile,
  offset: number,
  interrupt: () => void,
): Generator<PlacedEntry> {
  const decoder = new ListDecoder(list.digestBytes);
  const chunk = new Uint8Array(CHUNK_BYTES);
  let at = offset;
  for (let from = offset; ; ) {
    interrupt();
    const length = list.read(from, chunk);
    if (length === 0) return;
    from += length;
    decoder.push(chunk.subarray(0, length));
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      yield { ...next, offset: at, order: decoder.order ?? 'little' };
      at += next.bytes.length;
    }
  }
}

/** The first entry from an offset on. @throws HookError 'ima' for what is no entry */
export function readEntryAt(
  list: ListFile,
  offset: number,
  interrupt: () => void,
): PlacedEntry | undefined {
  for (const placed of readEntries(list, offset, interrupt)) return placed;
  return undefined;
}
