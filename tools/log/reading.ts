import { completeLength, type LogRecord, parseRecord } from '#hook/log/measurement-log';
import { type Replay, replay } from '#hook/log/replay';

const LINE_FEED = 0x0a;

/** Where a log stops being one. */
export interface Fault {
  /** `torn`: the unfinished end of a write. `malformed`: not what this program writes. */
  readonly kind: 'torn' | 'malformed';
  /** Bytes from the beginning of the file. */
  readonly offset: number;
  readonly message: string;
}

/** As much of a log as can be read: the records before the fault, and the fault. */
export interface LogReading {
  readonly records: readonly LogRecord[];
  readonly fault: Fault | undefined;
}

export function readRecords(bytes: Uint8Array): LogReading {
  const records: LogRecord[] = [];
  const complete = completeLength(bytes);
  let offset = 0;
  while (offset < complete) {
    const end = bytes.indexOf(LINE_FEED, offset) + 1;
    const where = `record ${records.length} at byte ${offset}`;
    try {
      records.push(parseRecord(bytes.subarray(offset, end), offset, where));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { records, fault: { kind: 'malformed', offset, message } };
    }
    offset = end;
  }
  if (complete === bytes.length) return { records, fault: undefined };
  const message = `record ${records.length} at byte ${complete}: torn after ${bytes.length - complete} bytes; the next container start settles it`;
  return { records, fault: { kind: 'torn', offset: complete, message } };
}

/** A replay, or why there is none: a record contradicts itself or those before it. */
export type ReplayOutcome =
  | { readonly replay: Replay; readonly refusal?: undefined }
  | { readonly replay?: undefined; readonly refusal: string };

export function tryReplay(records: readonly LogRecord[], pcr: number): ReplayOutcome {
  try {
    return { replay: replay(records, pcr) };
  } catch (error) {
    return { refusal: error instanceof Error ? error.message : String(error) };
  }
}
