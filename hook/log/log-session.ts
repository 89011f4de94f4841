/** The log and the PCR, brought into step and held still while one hook uses them. */
import { readFileSync } from 'node:fs';
import { HookError } from '#hook/errors';
import { lockFile } from './file-lock.ts';
import { bringIntoStep } from './into-step.ts';
import type { LogFile } from './log-file.ts';
import type { LogWriter, Settle } from './log-writer.ts';
import type { MeasurementEvent, Sha256Text, Start } from './measurement-event.ts';
import type { LogRecord } from './measurement-log.ts';
import { openStateDirectory } from './state-directory.ts';
import { checkPcr, type Tpm } from './tpm.ts';

/** USER_HZ is 100 on every machine this runs on. */
const MICROSECONDS_PER_TICK = 10_000;
const MARGIN_MICROSECONDS = 1_000_000;

export interface LogOptions {
  /** The state directory, absolute. */
  readonly state: string;
  readonly pcr: number;
  /** Its commands must inherit the lock. */
  readonly tpm: (lockFd: number) => Tpm;
  /** The program's version. */
  readonly version: string;
  readonly configDigest: Sha256Text;
  readonly lockTimeoutMs: number;
}

export interface LogSession {
  /** For reading other PCRs while the lock is held. */
  readonly tpm: Pick<Tpm, 'readPcr'>;
  /**
   * Extends the PCR by an event and appends it to the log; `settle` runs when that is done. If `settle` or the container map fails,
   * the start was extended but must not happen: `denied` (or what `otherwise` says), naming the record, is appended before this throws.
   * @throws HookError 'tpm' or 'log'; whatever `settle` throws
   */
  append(
    event: MeasurementEvent,
    settle?: Settle,
    otherwise?: 'denied' | 'allowed',
  ): Promise<LogRecord>;
  /** The record that let this very start happen: `container`, `skipped` or `allowed`, and neither denied nor aborted since. */
  findStart(start: Start): LogRecord | undefined;
  /** The `denied` or `allowed` record of this very start, so that a failure is not recorded twice. */
  findRefusal(start: Start): LogRecord | undefined;
}

/**
 * Takes the lock, settles what a dead hook left, records what is due (`gap`, `init`, `config`), and lends the log to `use`.
 * @throws HookError 'lock', 'log', 'tpm' or 'config'; whatever `use` throws
 */
export async function withLogSession<T>(
  options: LogOptions,
  use: (log: LogSession) => Promise<T>,
): Promise<T> {
  checkPcr(options.pcr);
  const paths = openStateDirectory(options.state);
  using lock = await lockFile(paths.lock, options.lockTimeoutMs);
  const tpm = options.tpm(lock.fd);
  const { pcr, version, configDigest } = options;
  const step = { paths, tpm, bootId: readBootId(), pcr, version, configDigest };
  const { writer, log } = await bringIntoStep(step);
  return await use(new Session(writer, log, tpm));
}

/** /proc/sys/kernel/random/boot_id without hyphens. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
}

class Session implements LogSession {
  readonly tpm: Pick<Tpm, 'readPcr'>;
  readonly #writer: LogWriter;
  readonly #log: LogFile;
  #isUnsettled = false;

  constructor(writer: LogWriter, log: LogFile, tpm: Tpm) {
    this.tpm = tpm;
    this.#writer = writer;
    this.#log = log;
  }

  async append(
    event: MeasurementEvent,
    settle?: Settle,
    otherwise: 'denied' | 'allowed' = 'denied',
  ): Promise<LogRecord> {
    if (this.#isUnsettled) {
      throw new HookError(
        'log',
        'a start is not settled: the next hook records that it was aborted',
      );
    }
    let logged: LogRecord | undefined;
    try {
      return await this.#writer.append(event, [], async (record) => {
        logged = record;
        await settle?.(record);
      });
    } catch (thrown) {
      if (logged !== undefined) await this.#refuse(logged, thrown, otherwise);
      throw thrown;
    }
  }

  /** If this fails too, the intent stays and the next start records that this one was aborted. */
  async #refuse(record: LogRecord, thrown: unknown, type: 'denied' | 'allowed'): Promise<void> {
    const { event, sha256 } = record;
    if (event.type !== 'container' && event.type !== 'skipped' && event.type !== 'unlisted') return;
    const { id, pid, startTime } = event;
    const code = thrown instanceof HookError ? thrown.code : 'log';
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const named = event.type === 'unlisted' ? event.record : sha256;
    try {
      const refusal = { type, id, pid, startTime, code, reason, record: named } as const;
      await this.#writer.append(refusal);
      if (type === 'allowed') this.#writer.follow(record);
    } catch {
      // The first failure is the one to tell about. The intent remembers the start, unless another record took its place.
      this.#isUnsettled = true;
    }
  }

  findStart(start: Start): LogRecord | undefined {
    const revoked = new Set<Sha256Text>();
    for (const record of this.#since(start)) {
      const { event } = record;
      if (event.type === 'denied' || event.type === 'aborted') {
        if (event.record !== undefined) revoked.add(event.record);
      } else if (
        event.type === 'container' ||
        event.type === 'skipped' ||
        event.type === 'allowed'
      ) {
        if (isOf(event, start) && !revoked.has(record.sha256)) return record;
      }
    }
    return undefined;
  }

  findRefusal(start: Start): LogRecord | undefined {
    for (const record of this.#since(start)) {
      const { event } = record;
      if ((event.type === 'denied' || event.type === 'allowed') && isOf(event, start))
        return record;
    }
    return undefined;
  }

  /** Newest first. No record about a process is older than the process. */
  *#since({ startTime }: Start): Generator<LogRecord> {
    const begin = startTime * MICROSECONDS_PER_TICK - MARGIN_MICROSECONDS;
    for (const record of this.#log.backwards()) {
      if (record.timestamp < begin) return;
      yield record;
    }
  }
}

function isOf(event: Partial<Start>, start: Start): boolean {
  return event.id === start.id && event.pid === start.pid && event.startTime === start.startTime;
}
