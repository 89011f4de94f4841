import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';
import { nearestName } from './nearest-name.ts';
import { isPlainPath } from './plain-path.ts';

/** The value, if it is one; undefined otherwise. With what was expected, for the message. */
export interface Check<T> {
  readonly expected: string;
  readonly read: (value: unknown) => T | undefined;
}

/** A TOML table whose keys are all known. */
export interface Table {
  get(key: string): unknown;
  /** @throws HookError `config`: the value is not one */
  value<T>(key: string, check: Check<T>, otherwise: T): T;
}

/**
 * @param name `tpm`; empty for the file as a whole
 * @throws HookError `config`: not a table, or a key that is not known
 */
export function readTable(value: unknown, name: string, known: readonly string[]): Table {
  const prefix = name === '' ? '' : `${name}.`;
  const entries = value === undefined ? new Map<string, unknown>() : entriesOf(value, name);
  for (const key of entries.keys()) {
    if (!known.includes(key)) throw unknownKey(`${prefix}${key}`, prefix, key, known);
  }
  return {
    get: (key) => entries.get(key),
    value: (key, check, otherwise) => {
      if (!entries.has(key)) return otherwise;
      const found = entries.get(key);
      const read = check.read(found);
      if (read !== undefined) return read;
      throw new HookError(
        'config',
        `${prefix}${key}: expected ${check.expected}, found ${show(found)}`,
      );
    },
  };
}

function entriesOf(value: unknown, name: string): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HookError('config', `${name}: expected a table, found ${show(value)}`);
  }
  return new Map(Object.entries(value));
}

function unknownKey(
  path: string,
  prefix: string,
  key: string,
  known: readonly string[],
): HookError {
  const nearest = nearestName(key.slice(0, 64), known);
  const hint =
    nearest === undefined
      ? `expected one of ${known.map((one) => `${prefix}${one}`).join(', ')}`
      : `did you mean ${prefix}${nearest}?`;
  return new HookError('config', `unknown key ${quoted(path)}, ${hint}`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? Number(inner) : inner,
  ).slice(0, 80);
}

export function oneOf<const T extends string>(...values: readonly T[]): Check<T> {
  return {
    expected: values.map((one) => JSON.stringify(one)).join(' or '),
    read: (value) => values.find((one) => one === value),
  };
}

/** Whole seconds from 1. */
export function seconds(most: number): Check<number> {
  return {
    expected: `whole seconds from 1 to ${most}`,
    read: (value) => integer(value, 1, most),
  };
}

// 10 is IMA's; 16 is for debugging, 17–22 belong to dynamic launches, 23 is for applications: all of them but 10 can be reset
// without a boot (TCG PC Client Platform TPM Profile, "PCR Attributes").
const refusedPcrs = new Set([10, 16, 17, 18, 19, 20, 21, 22, 23]);

export const pcrNumber: Check<number> = {
  expected: 'a PCR from 0 to 15 other than 10 (10 is IMA’s, 16 to 23 can be reset)',
  read: (value) => {
    const pcr = integer(value, 0, 23);
    return pcr === undefined || refusedPcrs.has(pcr) ? undefined : pcr;
  },
};

// No `cmd:`, which runs a shell, no `none`, and no default: tpm2-tools would fall back to a simulator.
const tcti = /^(?:device:\/[!-~]+|(?:swtpm|mssim|tabrmd)(?::[!-~]*)?)$/;

export const tctiText: Check<string> = {
  expected: '"device:/dev/…", "swtpm:…", "mssim:…" or "tabrmd:…"',
  read: (value) => (typeof value === 'string' && tcti.test(value) ? value : undefined),
};

export const directoryPath: Check<string> = {
  expected: 'an absolute path below / without "..", "." or control characters',
  read: (value) =>
    typeof value === 'string' && value !== '/' && isPlainPath(value) ? value : undefined,
};

function integer(value: unknown, least: number, most: number): number | undefined {
  if (typeof value !== 'bigint' || value < BigInt(least) || value > BigInt(most)) return undefined;
  return Number(value);
}
