/** One container of the map, as a file's content (docs/measurement-log.md §8). */
import { HookError } from '#hook/errors';
import { inodes, sha256Text, writableLayer } from './event-string.ts';
import type {
  ContainerEvent,
  IdentifyingAnnotations,
  NamespaceInodes,
  Sha256Text,
  Start,
  WritableLayer,
} from './measurement-event.ts';
import type { LogRecord } from './measurement-log.ts';
import { count, listOf, matching, objectOf, oneOf, optional, text } from './shape.ts';

export interface MapEntry extends Start, IdentifyingAnnotations {
  readonly bootId: string;
  readonly pcr: number;
  /** The rootfs digest. */
  readonly digest: Sha256Text;
  readonly view: 'overlay' | 'merged';
  readonly writable: readonly WritableLayer[];
  /** SHA-256 of the log record's string. */
  readonly record: Sha256Text;
  /** Microseconds since boot when it was measured. */
  readonly timestamp: number;
  readonly engine?: string;
  readonly ns: NamespaceInodes;
}

const mapEntry = objectOf<MapEntry>({
  id: text,
  pid: count,
  startTime: count,
  bootId: matching(/^[0-9a-f]{32}$/, '32 hexadecimal digits'),
  pcr: count,
  digest: sha256Text,
  view: oneOf('overlay', 'merged'),
  writable: listOf(writableLayer),
  record: sha256Text,
  timestamp: count,
  engine: optional(text),
  image: optional(text),
  pod: optional(text),
  namespace: optional(text),
  container: optional(text),
  ns: inodes,
});

export function mapEntryOf(event: ContainerEvent, record: LogRecord): MapEntry {
  const { id, pid, startTime, rootfs: digest, view, writable, engine, annotations, ns } = event;
  const { bootId, pcr, sha256, timestamp } = record;
  return {
    id,
    pid,
    startTime,
    bootId,
    pcr,
    digest,
    view,
    writable,
    record: sha256,
    timestamp,
    ...(engine === undefined ? {} : { engine }),
    ...annotations,
    ns,
  };
}

export function encodeMapEntry(entry: MapEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

/** @throws HookError 'log' */
export function decodeMapEntry(bytes: Uint8Array): MapEntry {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw new HookError('log', 'an entry of the container map is not JSON', { cause });
  }
  return mapEntry(parsed, 'container map');
}
