/** The log of this boot while one hook holds the lock: appended to, and read only as far as it must be. */
import { sha256 } from '@noble/hashes/sha2.js';
import { HookError } from '#hook/errors';
import { appendToFile, readRange } from './durable-file.ts';
import { type LogCheckpoint, type PcrState, writeCheckpoint } from './log-checkpoint.ts';
import { encodeRecord, type LogRecord, parseLog, parseRecord } from './measurement-log.ts';
import { beforeInit, replayRecord } from './replay.ts';
import type { StatePaths } from './state-directory.ts';

const LINE_FEED = 0x0a;
/** Most starts look at the newest record alone. */
const BLOCK_BYTES = 16_384;

/** A part of the log. */
interface Block {
  readonly from: number;
  readonly bytes: Uint8Array;
}

export class LogFile {
  readonly #paths: StatePaths;
  readonly #pcrs: Map<number, PcrState>;
  #size: number;

  /** From a checkpoint that fits the file, or from its beginning; what follows is for `accept`. */
  constructor(paths: StatePaths, checkpoint?: LogCheckpoint) {
    this.#paths = paths;
    this.#pcrs = new Map(checkpoint?.pcrs);
    this.#size = checkpoint?.size ?? 0;
  }

  /** Bytes, all of them in complete records. */
  get size(): number {
    return this.#size;
  }

  /** Of its records; undefined where there is none. */
  get bootId(): string | undefined {
    return this.#pcrs.values().next().value?.bootId;
  }

  /** What the records of a PCR came to; undefined where there is none. */
  stateOf(pcr: number): PcrState | undefined {
    return this.#pcrs.get(pcr);
  }

  /** Takes note of a record that is in the file. @throws HookError 'log' if it contradicts those before it */
  accept(record: LogRecord): void {
    this.#pcrs.set(record.pcr, this.#after(record));
    this.#size = record.offset + record.length;
  }

  /** Whether the record does not contradict those before it. */
  accepts(record: LogRecord): boolean {
    try {
      this.#after(record);
      return true;
    } catch (thrown) {
      if (thrown instanceof HookError) return false;
      throw thrown;
    }
  }

  /** On disk when this returns. @throws HookError 'log' */
  append(record: LogRecord): void {
    const state = this.#after(record);
    const bytes = encodeRecord(record);
    appendToFile(this.#paths.log, record.offset, bytes);
    this.#pcrs.set(record.pcr, state);
    this.#size = record.offset + record.length;
    writeCheckpoint(this.#paths.checkpoint, {
      bootId: record.bootId,
      size: this.#size,
      lastLength: bytes.length,
      lastSha256: `sha256:${sha256(bytes).toHex()}`,
      pcrs: this.#pcrs,
    });
  }

  /** Whether exactly this record is where it says. */
  holds(record: LogRecord): boolean {
    if (record.offset + record.length > this.#size) return false;
    const there = readRange(this.#paths.log, record.offset, record.length);
    return Buffer.compare(there, encodeRecord(record)) === 0;
  }

  /** All records, oldest first. */
  all(): LogRecord[] {
    return this.#size === 0 ? [] : parseLog(readRange(this.#paths.log, 0, this.#size));
  }

  /** All records, newest first, read as they are asked for. */
  *backwards(): Generator<LogRecord> {
    let block: Block = { from: this.#size, bytes: new Uint8Array(0) };
    for (let end = this.#size; end > 0; ) {
      let offset = beginOfRecord(block, end);
      while (offset === undefined) {
        block = this.#extended(block, end);
        offset = beginOfRecord(block, end);
      }
      const bytes = block.bytes.subarray(offset - block.from, end - block.from);
      yield parseRecord(bytes, offset, `record at byte ${offset}`);
      end = offset;
    }
  }

  /** What is still to be looked at of a block, with as much before it or more: no byte is read twice, and few are copied twice. */
  #extended({ from, bytes }: Block, end: number): Block {
    const rest = bytes.subarray(0, end - from);
    const length = Math.min(from, Math.max(BLOCK_BYTES, rest.length));
    const before = readRange(this.#paths.log, from - length, length);
    return { from: from - length, bytes: Buffer.concat([before, rest]) };
  }

  #after(record: LogRecord): PcrState {
    const state = this.#pcrs.get(record.pcr);
    const replayed = replayRecord(state ?? beforeInit, record).state;
    const { event } = record;
    if (event.type === 'init' || event.type === 'config') {
      return { ...replayed, version: event.version, config: event.config };
    }
    // Before its `init` no record is replayed.
    return { ...replayed, version: state?.version ?? '', config: state?.config ?? 'sha256:' };
  }
}

/** Of the record that ends there; undefined where the block does not reach that far back. */
function beginOfRecord({ from, bytes }: Block, end: number): number | undefined {
  // Without the record's own line feed.
  const previous = bytes.subarray(0, Math.max(0, end - 1 - from)).lastIndexOf(LINE_FEED);
  return previous >= 0 || from === 0 ? from + previous + 1 : undefined;
}
