import canonicalize from 'canonicalize';
import { HookError } from '#hook/errors';
import { bankSize, isBankName } from './bank.ts';
import type {
  AbortedEvent,
  AllowedEvent,
  BankValues,
  ConfigEvent,
  ContainerEvent,
  DeniedEvent,
  DeviceFact,
  EventType,
  GapEvent,
  HookFact,
  IdentifyingAnnotations,
  InitEvent,
  MeasurementEvent,
  MountFact,
  NamespaceFact,
  NamespaceInodes,
  Sha256Text,
  SkippedEvent,
  UnlistedEvent,
  WritableLayer,
} from './measurement-event.ts';
import {
  asObject,
  count,
  guarded,
  integer,
  listOf,
  matching,
  objectOf,
  oneOf,
  optional,
  type Shape,
  text,
  truth,
} from './shape.ts';

/** `v` of every event. Changing what any member means changes this. */
export const EVENT_VERSION = 1;

/** An event with ten thousand mounts is not a container that anybody can appraise. */
export const MAX_EVENT_BYTES: number = 1024 * 1024;

const isSha256Text = (value: unknown): value is Sha256Text =>
  typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
const isWritableLayer = (value: unknown): value is WritableLayer =>
  value === 'pristine' || isSha256Text(value);

export const sha256Text: Shape<Sha256Text> = guarded(isSha256Text, 'a SHA-256 digest');
export const writableLayer: Shape<WritableLayer> = guarded(
  isWritableLayer,
  '"pristine" or a SHA-256 digest',
);
const bootId = matching(/^[0-9a-f]{32}$/, '32 hexadecimal digits');

const isHex = (value: unknown, bytes: number): boolean =>
  typeof value === 'string' && value.length === bytes * 2 && /^[0-9a-f]*$/.test(value);
const isBankValues = (value: unknown): value is BankValues => {
  const entries = Object.entries(asObject(value, 'banks'));
  return (
    entries.length > 0 &&
    entries.every(([bank, digits]) => isBankName(bank) && isHex(digits, bankSize(bank)))
  );
};
export const bankValues: Shape<BankValues> = guarded(
  isBankValues,
  'a value in hexadecimal for each bank',
);

const start = { id: text, pid: count, startTime: count };

const annotations = objectOf<IdentifyingAnnotations>({
  image: optional(text),
  pod: optional(text),
  namespace: optional(text),
  container: optional(text),
});

const refusal = {
  id: text,
  pid: optional(count),
  startTime: optional(count),
  code: text,
  reason: text,
  record: optional(sha256Text),
};

const mount = objectOf<MountFact>({
  destination: text,
  type: optional(text),
  source: optional(text),
  options: listOf(text),
});

const device = objectOf<DeviceFact>({
  type: text,
  path: text,
  major: optional(integer),
  minor: optional(integer),
  fileMode: optional(count),
  uid: optional(count),
  gid: optional(count),
});

export const inodes: Shape<NamespaceInodes> = objectOf<NamespaceInodes>({
  mnt: optional(count),
  pid: optional(count),
  net: optional(count),
  uts: optional(count),
  user: optional(count),
});

const container = objectOf<ContainerEvent>({
  type: oneOf('container'),
  ...start,
  rootfs: sha256Text,
  view: oneOf('overlay', 'merged'),
  writable: listOf(writableLayer),
  pruned: listOf(text),
  process: sha256Text,
  env: sha256Text,
  loader: listOf(text),
  mounts: listOf(mount),
  readonly: truth,
  namespaces: listOf(objectOf<NamespaceFact>({ type: text, path: optional(text) })),
  devices: listOf(device),
  seccomp: truth,
  hooks: listOf(objectOf<HookFact>({ stage: text, path: text })),
  engine: optional(text),
  annotations,
  ns: inodes,
});

const shapes: { readonly [T in EventType]: Shape<Extract<MeasurementEvent, { type: T }>> } = {
  init: objectOf<InitEvent>({
    type: oneOf('init'),
    bootId,
    pcr: count,
    found: bankValues,
    version: text,
    config: sha256Text,
  }),
  config: objectOf<ConfigEvent>({ type: oneOf('config'), version: text, config: sha256Text }),
  container,
  skipped: objectOf<SkippedEvent>({
    type: oneOf('skipped'),
    ...start,
    class: oneOf('sandbox', 'rootless', 'build'),
    engine: optional(text),
    annotations,
  }),
  denied: objectOf<DeniedEvent>({ type: oneOf('denied'), ...refusal }),
  allowed: objectOf<AllowedEvent>({ type: oneOf('allowed'), ...refusal }),
  aborted: objectOf<AbortedEvent>({
    type: oneOf('aborted'),
    id: text,
    pid: optional(count),
    startTime: optional(count),
    record: sha256Text,
  }),
  unlisted: objectOf<UnlistedEvent>({
    type: oneOf('unlisted'),
    ...start,
    record: sha256Text,
    reason: text,
  }),
  gap: objectOf<GapEvent>({ type: oneOf('gap'), expected: bankValues, found: bankValues }),
};

const isEventType = (value: unknown): value is EventType =>
  typeof value === 'string' && Object.hasOwn(shapes, value);
const eventType = guarded(isEventType, 'a type of this version');

/**
 * The event as `content.string`: one line, the same for everybody who encodes the same event.
 * @throws HookError 'log' for a value that the event's type does not allow (a lone surrogate too), or more than 1 MiB
 */
export function encodeEvent(event: MeasurementEvent): string {
  let line: string | undefined;
  try {
    shapes[event.type](event, event.type);
    line = canonicalize({ v: EVENT_VERSION, ...event });
  } catch (cause) {
    throw new HookError('log', `cannot write this ${event.type} record: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (line === undefined || new TextEncoder().encode(line).length > MAX_EVENT_BYTES) {
    throw new HookError('log', `this ${event.type} record would be larger than 1 MiB`);
  }
  return line;
}

/**
 * Reads one `content.string`, written by anybody.
 * @throws HookError 'log' unless it is exactly what `encodeEvent` writes: version, type, members and bytes
 */
export function decodeEvent(string: string): MeasurementEvent {
  if (string.length > MAX_EVENT_BYTES) throw new HookError('log', 'an event larger than 1 MiB');
  let parsed: unknown;
  try {
    parsed = JSON.parse(string);
  } catch (cause) {
    throw new HookError('log', `an event is not JSON: ${JSON.stringify(string.slice(0, 80))}`, {
      cause,
    });
  }
  const { v, ...members } = asObject(parsed, 'event');
  oneOf(EVENT_VERSION)(v, 'event.v');
  const type = eventType(members['type'], 'event.type');
  const event = shapes[type](members, type);
  if (encodeEvent(event) !== string) {
    throw new HookError('log', `a ${type} event is not canonical JSON (RFC 8785)`);
  }
  return event;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
