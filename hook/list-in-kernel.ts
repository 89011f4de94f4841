import { join } from 'node:path';
import { XATTR_SIZE_MAX } from '#digest/linux-limits';
import type { ImaOptions, ImaStart } from '#hook/ima/ima-session';
import { remarkOn, shortcomingOf } from '#hook/ima/outcome-text';
import { imageRecord } from '#hook/ima/record';
import { readTrustedFile } from '#hook/input/trusted-file';
import type { LogSession } from '#hook/log/log-session';
import type { Settle } from '#hook/log/log-writer';
import type { ContainerEvent } from '#hook/log/measurement-event';
import type { LogRecord } from '#hook/log/measurement-log';
import { HookError } from './errors.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * What is done between a start's record in the log and its entry in the container map: the kernel's measurement list gets the image and
 * the start, or it is recorded that it has not (`ima.mode = "try"`), or the start fails (`"require"`).
 *
 * @param remark is told what somebody should know of a list that has all of it
 */
export function listInKernel(
  log: LogSession,
  event: ContainerEvent,
  around: Surroundings,
  remark: (text: string) => void,
): Settle | undefined {
  const { mode } = around.config.ima;
  if (mode === 'off') return undefined;
  return async (record) => {
    const reason = await whyUnlisted(log, event, record, around, remark);
    if (reason === undefined) return;
    if (mode === 'require') throw new HookError('ima', reason);
    const { id, pid, startTime } = event;
    await log.append({ type: 'unlisted', id, pid, startTime, record: record.sha256, reason });
  };
}

/**
 * A TPM that does not answer us does not answer the kernel, which goes on listing: that cannot be mended before the machine starts again,
 * and everybody should know at once.
 */
export async function tellOfKernelList(error: unknown, { config }: Surroundings): Promise<unknown> {
  const isTpm = error instanceof HookError && error.code === 'tpm';
  if (!isTpm || config.ima.mode === 'off' || !(await hasKernelList())) return error;
  const more =
    'where the kernel cannot reach the TPM either, its list and PCR 10 part ways until the next boot';
  return new HookError('tpm', `${error.message}; ${more}`, { cause: error });
}

async function hasKernelList(): Promise<boolean> {
  const { openKernelList } = await import('#hook/ima/list-file');
  try {
    using list = await openKernelList();
    return list !== undefined;
  } catch (error) {
    if (error instanceof HookError) return false;
    throw error;
  }
}

/** Undefined: the list has all of it, and PCR 10 is extended by it. */
async function whyUnlisted(
  { tpm }: LogSession,
  event: ContainerEvent,
  { sha256 }: LogRecord,
  { config, deadline }: Surroundings,
  remark: (text: string) => void,
): Promise<string | undefined> {
  // Loaded here: a hook that lists nothing does without.
  const { measureInIma } = await import('#hook/ima/ima-session');
  const options: ImaOptions = { state: config.state, tpm, interrupt: deadline.check };
  try {
    const start = startOf(event, sha256, config.ima.signatures);
    const result = await measureInIma(start, options);
    const text = remarkOn(result);
    if (text !== undefined) remark(text);
    return shortcomingOf(result);
  } catch (error) {
    if (error instanceof HookError && error.code === 'ima') return error.message;
    throw error;
  }
}

function startOf(event: ContainerEvent, sha256: string, signatures: string | undefined): ImaStart {
  const { id, rootfs, view, writable } = event;
  const hasImageRecord = view === 'overlay' && writable.every((layer) => layer === 'pristine');
  const start = { id, rootfs, record: sha256.slice('sha256:'.length), hasImageRecord };
  if (!hasImageRecord || signatures === undefined) return start;
  const path = join(signatures, imageRecord(rootfs).name);
  const signature = readTrustedFile({ path, maxBytes: XATTR_SIZE_MAX, code: 'ima' });
  return signature === undefined ? start : { ...start, signature };
}
