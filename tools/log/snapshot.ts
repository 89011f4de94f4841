import { setTimeout as sleep } from 'node:timers/promises';
import { readIfPresent } from '#hook/log/durable-file';
import { statePaths } from '#hook/log/state-directory';
import type { PcrValues, Tpm } from '#hook/log/tpm';

const MAX_LOG_BYTES = 1024 * 1024 * 1024;
const MAX_INTENT_BYTES = 16 * 1024 * 1024;
const TRIES = 10;
const BETWEEN_TRIES_MS = 150;

/** The log, and the PCR at the same moment. */
export interface Snapshot {
  readonly file: string;
  /** Undefined when there is no log. */
  readonly log: Uint8Array | undefined;
  /** The intent of a hook that is at work or was stopped. */
  readonly intent: Uint8Array | undefined;
  readonly tpm: TpmAnswer;
}

export type TpmAnswer =
  | { readonly values: PcrValues; readonly failure?: undefined }
  | { readonly values?: undefined; readonly failure: string };

/**
 * Takes no lock, so that looking never delays a container: reads again while hooks are at work, for a second or two.
 *
 * @throws HookError `log`
 */
export async function takeSnapshot(
  state: string,
  pcr: number,
  tpm: Pick<Tpm, 'readPcr'>,
): Promise<Snapshot> {
  let snapshot = await readOnce(state, pcr, tpm);
  for (let tries = 1; tries < TRIES && !(await isSettled(state, snapshot)); tries += 1) {
    snapshot = await readOnce(state, pcr, tpm);
  }
  return snapshot;
}

async function readOnce(state: string, pcr: number, tpm: Pick<Tpm, 'readPcr'>): Promise<Snapshot> {
  const paths = statePaths(state);
  const log = readIfPresent(paths.log, MAX_LOG_BYTES);
  const answer = await askTpm(pcr, tpm);
  return {
    file: paths.log,
    log,
    intent: readIfPresent(paths.intent, MAX_INTENT_BYTES),
    tpm: answer,
  };
}

async function askTpm(pcr: number, tpm: Pick<Tpm, 'readPcr'>): Promise<TpmAnswer> {
  try {
    return { values: await tpm.readPcr(pcr) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Nobody wrote between the reading of the log and that of the PCR. */
async function isSettled(state: string, { log, intent }: Snapshot): Promise<boolean> {
  const again = readIfPresent(statePaths(state).log, MAX_LOG_BYTES);
  if (intent === undefined && log?.length === again?.length) return true;
  await sleep(BETWEEN_TRIES_MS);
  return false;
}
