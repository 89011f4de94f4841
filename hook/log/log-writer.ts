/** One change of the log and the PCR, in the order of docs/measurement-log.md §5. Its caller holds the lock. */
import { HookError } from '#hook/errors';
import { bootTimeMicroseconds } from '#hook/libc';
import { followRecord } from './container-map.ts';
import { removeFile, reserveRoom } from './durable-file.ts';
import { encodeEvent } from './event-string.ts';
import { type Intent, writeIntent } from './intent.ts';
import type { LogFile } from './log-file.ts';
import type { MeasurementEvent } from './measurement-event.ts';
import { encodeRecord, type LogRecord, stringSha256 } from './measurement-log.ts';
import { digestString, extend, sameValues, toBankValues } from './pcr.ts';
import { settleIntent } from './recovery.ts';
import type { StatePaths } from './state-directory.ts';
import type { PcrValues, Tpm } from './tpm.ts';

export interface LogWriterOptions {
  readonly paths: StatePaths;
  readonly tpm: Tpm;
  readonly pcr: number;
  readonly bootId: string;
  readonly log: LogFile;
  /** What the PCR holds. */
  readonly values: PcrValues;
}

/** What is done between the log and the container map: the kernel's measurement list. */
export type Settle = (record: LogRecord) => Promise<void>;

export class LogWriter {
  readonly #options: LogWriterOptions;
  #values: PcrValues;
  #isStuck = false;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#values = options.values;
  }

  /**
   * Extends and appends one event. With `owed`, the intent stays for the events that follow.
   * @throws HookError 'tpm' or 'log'; whatever `settle` throws, when the record is in the log already
   */
  async append(
    event: MeasurementEvent,
    owed: readonly MeasurementEvent[] = [],
    settle?: Settle,
  ): Promise<LogRecord> {
    if (this.#isStuck) {
      throw new HookError(
        'log',
        'the change before this one is not settled: the next start settles it',
      );
    }
    const { paths, log } = this.#options;
    const intent = this.#intentOf(event, owed);
    const { record, after } = intent;
    reserveRoom(paths.log, record.offset, record.length);
    writeIntent(paths.intent, intent);
    this.#isStuck = true;
    await this.#extend(intent);
    advance(paths, { ...intent, stage: 'append' });
    log.append(record);
    this.#values = after;
    // From here on another event may follow, and take the intent's place: this record is in the log.
    this.#isStuck = false;
    advance(paths, { ...intent, stage: 'settle' });
    await settle?.(record);
    this.follow(record);
    if (owed.length === 0) removeFile(paths.intent);
    return record;
  }

  /** Brings the container map up to date with a record that is in the log. */
  follow(record: LogRecord): void {
    followRecord(this.#options.paths.containers, record);
  }

  #intentOf(event: MeasurementEvent, owed: readonly MeasurementEvent[]): Intent {
    const { pcr, bootId, log } = this.#options;
    const string = encodeEvent(event);
    const before = this.#values;
    const digests = digestString(string, before.keys());
    const timestamp = bootTimeMicroseconds();
    const content = { pcr, digests, event, string, bootId, timestamp };
    const { length } = encodeRecord(content);
    const record = { ...content, sha256: stringSha256(string), offset: log.size, length };
    return { stage: 'extend', before, after: extend(before, digests), record, owed };
  }

  /** An answer does not prove the extend and an error does not disprove it: only reading the PCR tells. */
  async #extend(intent: Intent): Promise<void> {
    const { tpm, pcr, paths } = this.#options;
    let failure: unknown;
    try {
      await tpm.extendPcr(pcr, intent.record.digests);
    } catch (thrown) {
      failure = thrown;
    }
    const values = await readAfter(tpm, pcr, failure);
    if (sameValues(values, intent.after)) return;
    if (!sameValues(values, intent.before)) throw failure ?? wrongValue(pcr, intent, values);
    // Where something is still owed (a start to be called back), the intent is what remembers it.
    const state = { isLogged: false, size: intent.record.offset };
    this.#isStuck = settleIntent(intent, values, state).owed.length > 0;
    if (!this.#isStuck) removeFile(paths.intent);
    throw failure ?? wrongValue(pcr, intent, values);
  }
}

/**
 * Recovery can do with an earlier stage, and room for the record is reserved: a disk that filled up meanwhile must not keep it out of the log.
 */
function advance(paths: StatePaths, intent: Intent): void {
  try {
    writeIntent(paths.intent, intent);
  } catch (thrown) {
    if (!(thrown instanceof HookError)) throw thrown;
  }
}

async function readAfter(tpm: Tpm, pcr: number, failure: unknown): Promise<PcrValues> {
  try {
    return await tpm.readPcr(pcr);
  } catch (thrown) {
    throw failure ?? thrown;
  }
}

function wrongValue(pcr: number, intent: Intent, values: PcrValues): HookError {
  const expected = JSON.stringify(toBankValues(intent.after));
  const found = JSON.stringify(toBankValues(values));
  return new HookError('tpm', `PCR ${pcr} after the extend: expected ${expected}, found ${found}`);
}
