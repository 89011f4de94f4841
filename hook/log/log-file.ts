/** The log of this boot while one hook holds the lock: appended to, and read only as far as it must be. */
import { sha256 } from '@noble/hashes/sha2.js';
import { HookError } from '#hook/errors';
import { appendToFile, readRange } from './durable-file.ts';
import { type LogCheckpoint, type PcrState, writeCheckpoint } from './log-checkpoint.ts';
import { encodeRecord, type LogRecord, parseLog, parseRecord } from './measurement-log.ts';
import { beforeInit, replayRecord } from './replay.ts';
import type { StatePaths } from './state-directory.ts';

const LINE_FEED = 0x0a;
const WINDOW_BYTES = 16_384;

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
    for (let end = this.#size; end > 0; ) {
      const { offset, bytes } = this.#recordBefore(end);
      yield parseRecord(bytes, offset, `record at byte ${offset}`);
      end = offset;
    }
  }

  #recordBefore(end: number): { offset: number; bytes: Uint8Array } {
    for (let window = WINDOW_BYTES; ; window *= 2) {
      const from = Math.max(0, end - window);
      const bytes = readRange(this.#paths.log, from, end - from);
      const previous = bytes.lastIndexOf(LINE_FEED, bytes.length - 2);
      if (previous === -1 && from > 0) continue;
      return { offset: from + previous + 1, bytes: bytes.subarray(previous + 1) };
    }
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
