/** For tests: what the state directory holds. */
import { readIfPresent } from './durable-file.ts';
import { type Intent, parseIntent } from './intent.ts';
import { MAX_LOG_BYTES } from './left-behind.ts';
import { completeLength, type LogRecord, parseLog } from './measurement-log.ts';
import { statePaths } from './state-directory.ts';

export interface LogOnDisk {
  /** The complete records. */
  readonly records: readonly LogRecord[];
  /** Their bytes, as they are in the file. */
  readonly bytes: Uint8Array;
  /** Bytes of a record that is only half there: one being written at this moment, or torn. */
  readonly tornBytes: number;
}

/**
 * The measurement log; undefined where there is none.
 * @throws HookError 'log' if it cannot be read or is damaged
 */
export function readMeasurementLog(state: string): LogOnDisk | undefined {
  const bytes = readIfPresent(statePaths(state).log, MAX_LOG_BYTES);
  if (bytes === undefined) return undefined;
  const complete = bytes.subarray(0, completeLength(bytes));
  const tornBytes = bytes.length - complete.length;
  return { records: parseLog(complete), bytes: complete, tornBytes };
}

/**
 * The change that is under way, or that a dead hook left.
 * @throws HookError 'log' if it cannot be read or is damaged
 */
export function readIntent(state: string): Intent | undefined {
  const bytes = readIfPresent(statePaths(state).intent, MAX_LOG_BYTES);
  return bytes === undefined ? undefined : parseIntent(bytes);
}
