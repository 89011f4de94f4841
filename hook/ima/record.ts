/** What a record is: its path and its content, by which everybody knows it. docs/ima-records.md specifies both. */
import { join } from 'node:path';
import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';
import type { Sha256Text } from '#hook/log/measurement-event';

/** Where the record filesystem is mounted. Part of the format: the kernel lists it. */
export const RECORDS_DIRECTORY = '/var/lib/oci-measure/records';

/** The reserved user that a finished record belongs to, and no other file: outside of every range that is given out (docs/decisions.md). */
export const RECORD_OWNER = 65_521;

export const recordDirectories = ['images', 'containers'] as const;
export type RecordDirectory = (typeof recordDirectories)[number];

export interface RecordText {
  readonly directory: RecordDirectory;
  readonly name: string;
  /** ASCII, one line with its LF. */
  readonly content: string;
}

/** Of an image. Depends on the digest alone. @throws HookError 'ima' for what is no digest */
export function imageRecord(rootfs: Sha256Text): RecordText {
  const digits = digitsOf(rootfs);
  return {
    directory: 'images',
    name: `sha256-${digits}`,
    content: `oci-measure.image.v1 sha256:${digits}\n`,
  };
}

/**
 * Of one start of a container.
 * @param record SHA-256 of the start's record in the measurement log, in hexadecimal
 * @throws HookError 'ima' for an id that is not 1 to 255 printable ASCII characters without space, or what is no digest
 */
export function containerRecord(id: string, rootfs: Sha256Text, record: string): RecordText {
  // What a line is made of must not be able to end it, or to look like another part of it.
  if (!/^[!-~]{1,255}$/.test(id)) {
    throw new HookError(
      'ima',
      `a container's id is 1 to 255 printable ASCII characters without space in a record, found ${quoted(id)}`,
    );
  }
  const name = digitsOf(`sha256:${record}`);
  const content = `oci-measure.container.v1 ${id} sha256:${digitsOf(rootfs)} ${name}\n`;
  return { directory: 'containers', name, content };
}

/** @param records the directory that the record filesystem is mounted at */
export function recordPath({ directory, name }: RecordText, records: string): string {
  return join(records, directory, name);
}

function digitsOf(digest: string): string {
  const digits = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (digits === undefined) {
    throw new HookError('ima', `expected a SHA-256 digest, found ${quoted(digest)}`);
  }
  return digits;
}
