/** The kernel's own measurement of a container start: records are shown to IMA, and what it made of them is confirmed. */
import { HookError } from '#hook/errors';
import { readBootId } from '#hook/log/log-session';
import type { Sha256Text } from '#hook/log/measurement-event';
import type { Tpm } from '#hook/log/tpm';
import { confirm, type ImaResult } from './confirm.ts';
import { findAnchor } from './list-anchor.ts';
import { type ListFile, openKernelList } from './list-file.ts';
import { ListMemory } from './list-memory.ts';
import { containerRecord, imageRecord, RECORDS_DIRECTORY } from './record.ts';
import { removeAbandoned, removeRecord, type ShownRecord, showRecord } from './record-file.ts';
import { openRecordFilesystem } from './record-filesystem.ts';

export interface ImaStart {
  /** The container's id. */
  readonly id: string;
  readonly rootfs: Sha256Text;
  /** SHA-256 of the start's record in the measurement log, in hexadecimal. */
  readonly record: string;
  /** Whether `rootfs` is an image's: overlay view, every layer above it pristine. */
  readonly hasImageRecord: boolean;
  /** For `security.ima` of the image record. */
  readonly signature?: Uint8Array;
}

export interface ImaOptions {
  /** The state directory, which is there. The caller holds the log's lock. */
  readonly state: string;
  readonly tpm: Pick<Tpm, 'readPcr'>;
  /** Called now and then; what it throws ends the work. */
  readonly interrupt: () => void;
  /** Of the record filesystem, as the policy's rule has it, where that is known. */
  readonly uuid?: string;
}

/**
 * Has the kernel measure a start, and tells what came of it.
 * @throws HookError 'ima': the record filesystem, a record or securityfs is not as it has to be, or the list cannot be read; 'tpm'
 */
export async function measureInIma(start: ImaStart, options: ImaOptions): Promise<ImaResult> {
  using list = await openKernelList();
  if (list === undefined) return withoutIma(start);
  return await measureOnList(start, options, list, RECORDS_DIRECTORY);
}

/** @param records the directory that the record filesystem is mounted at */
export async function measureOnList(
  start: ImaStart,
  { state, tpm, interrupt, uuid }: ImaOptions,
  list: ListFile,
  records: string,
): Promise<ImaResult> {
  const texts = {
    image: start.hasImageRecord ? imageRecord(start.rootfs) : undefined,
    container: containerRecord(start.id, start.rootfs, start.record),
  };
  openRecordFilesystem(records, uuid);
  removeAbandoned(records);
  const memory = new ListMemory(state, readBootId());
  const source = { list, tpm, interrupt };
  const anchor = await findAnchor(source, memory.checkpoint());
  const image = texts.image && showRecord(texts.image, records, start.signature);
  const container = showRecord(texts.container, records);
  try {
    return await confirm({ image, container }, source, anchor, memory);
  } finally {
    removeIfPossible(container);
  }
}

function withoutIma({ hasImageRecord }: ImaStart): ImaResult {
  return {
    image: hasImageRecord ? 'no-ima' : undefined,
    container: 'no-ima',
    headless: false,
    reason: 'this kernel has no measurement list: it was built or started without IMA',
  };
}

/** What cannot be removed now is removed by a later start. */
function removeIfPossible(record: ShownRecord): void {
  try {
    removeRecord(record);
  } catch (thrown) {
    if (!(thrown instanceof HookError)) throw thrown;
  }
}
