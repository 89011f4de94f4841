import { isAbsolute } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { parse, TomlError } from 'smol-toml';
import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';
import type { Sha256Text } from '#hook/log/measurement-event';
import {
  type Check,
  directoryPath,
  oneOf,
  pcrNumber,
  readTable,
  seconds,
  tctiText,
} from './config-value.ts';
import { readTrustedFile, requireTrustedDirectories } from './trusted-file.ts';

/** What to do with a class of containers. */
export type ClassPolicy = 'measure' | 'skip' | 'deny';

/** The configuration in force: the file's keys, with the defaults where it has none. */
export interface Config {
  /** Directory of the log, its intent, the container map and hook.log. */
  readonly state: string;
  /** Seconds for the whole hook. */
  readonly deadline: number;
  readonly tpm: {
    /** How tpm2-tools reach the TPM: tpm2-tools' `--tcti`. */
    readonly tcti: string;
    readonly pcr: number;
    /** Seconds for one tpm2 command. */
    readonly timeout: number;
  };
  readonly ima: {
    readonly mode: 'require' | 'try' | 'off';
    /** A directory of values for `security.ima`, named as image records are. */
    readonly signatures: string | undefined;
  };
  readonly failure: { readonly action: 'deny' | 'allow' };
  readonly classes: {
    readonly sandbox: ClassPolicy;
    readonly rootless: ClassPolicy;
    readonly build: ClassPolicy;
  };
  /** SHA-256 of the file's bytes, of no bytes where there is no file. */
  readonly digest: Sha256Text;
  /** The file that was read; undefined where the defaults stand alone. */
  readonly source: string | undefined;
}

export const defaultConfigPath = '/etc/oci-measure/config.toml';

type Settings = Omit<Config, 'digest' | 'source'>;

const maxBytes = 65_536;
const policy: Check<ClassPolicy> = oneOf('measure', 'skip', 'deny');

/**
 * Reads `path`, which has to be there, or the default file, which need not.
 *
 * @throws HookError `config`
 */
export function loadConfig(path: string | undefined): Config {
  if (path !== undefined && !isAbsolute(path)) {
    throw new HookError('config', `expected an absolute path, found ${quoted(path)}`);
  }
  return loadConfigAt(path ?? defaultConfigPath, path !== undefined);
}

/** @throws HookError `config` */
export function loadConfigAt(path: string, isRequired: boolean): Config {
  const file = { path, maxBytes, code: 'config' } as const;
  const bytes = readTrustedFile(file);
  if (bytes !== undefined) requireTrustedDirectories(file);
  else if (isRequired)
    throw new HookError('config', `the configuration ${quoted(path)} is not there`);
  const found = bytes ?? new Uint8Array();
  return {
    ...parseConfig(found, path),
    digest: `sha256:${sha256(found).toHex()}`,
    source: bytes === undefined ? undefined : path,
  };
}

/**
 * The settings that a configuration file's bytes make.
 *
 * @param label names the file in messages
 * @throws HookError `config`
 */
export function parseConfig(bytes: Uint8Array, label: string): Settings {
  try {
    return readSettings(parseToml(bytes));
  } catch (cause) {
    if (!(cause instanceof HookError)) throw cause;
    throw new HookError('config', `${quoted(label)}: ${cause.message}`, { cause });
  }
}

function parseToml(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // Floats stay numbers, so that 13.0 is told from 13.
    return parse(text, { integersAsBigInt: true });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw new HookError('config', 'not UTF-8', { cause });
    const reason = cause.message.split('\n', 1)[0] ?? '';
    throw new HookError('config', `line ${cause.line}: ${reason}`, { cause });
  }
}

function readSettings(toml: unknown): Settings {
  const all = readTable(toml, '', ['state', 'deadline', 'tpm', 'ima', 'failure', 'classes']);
  const tpm = readTable(all.get('tpm'), 'tpm', ['tcti', 'pcr', 'timeout']);
  const ima = readTable(all.get('ima'), 'ima', ['mode', 'signatures']);
  const failure = readTable(all.get('failure'), 'failure', ['action']);
  const classes = readTable(all.get('classes'), 'classes', ['sandbox', 'rootless', 'build']);
  const settings: Settings = {
    state: all.value('state', directoryPath, '/run/oci-measure'),
    deadline: all.value('deadline', seconds(3600), 90),
    tpm: {
      tcti: tpm.value('tcti', tctiText, 'device:/dev/tpmrm0'),
      pcr: tpm.value('pcr', pcrNumber, 13),
      timeout: tpm.value('timeout', seconds(600), 10),
    },
    ima: {
      mode: ima.value('mode', oneOf('require', 'try', 'off'), 'require'),
      signatures: ima.value('signatures', directoryPath, undefined),
    },
    failure: { action: failure.value('action', oneOf('deny', 'allow'), 'deny') },
    classes: {
      sandbox: classes.value('sandbox', policy, 'measure'),
      rootless: classes.value('rootless', policy, 'skip'),
      build: classes.value('build', policy, 'skip'),
    },
  };
  requireDeadlineAboveTimeout(settings);
  return settings;
}

function requireDeadlineAboveTimeout({ deadline, tpm }: Settings): void {
  if (deadline > tpm.timeout) return;
  throw new HookError(
    'config',
    `deadline = ${deadline} must be more than tpm.timeout = ${tpm.timeout}`,
  );
}
