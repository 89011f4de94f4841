/** What a kubelet grants the hook. */
import { readFileSync } from 'node:fs';
import { systemErrorCode } from '#digest/system-error-code';
import { flagOf } from './daemons.ts';
import type { EngineSetup } from './engine-setup.ts';
import { type Finding, notSeen, ok, warning } from './finding.ts';
import { parseGoDuration } from './go-duration.ts';

const CHECK = 'timeout';
const CONFIG = '/var/lib/kubelet/config.yaml';
const MAX_BYTES = 1024 * 1024;
/** KubeletConfiguration v1beta1. */
const DEFAULT_SECONDS = 120;

/**
 * Nothing where there is no kubelet.
 *
 * @param usual where a kubelet's configuration is, unless it was told
 */
export function checkKubernetes(
  { daemons, config }: Pick<EngineSetup, 'daemons' | 'config'>,
  usual: string = CONFIG,
): readonly Finding[] {
  const kubelet = daemons.find(({ name }) => name === 'kubelet');
  const file = flagOf(kubelet?.args ?? [], 'config') ?? usual;
  const text = readConfig(file);
  if (kubelet === undefined && text === undefined) return [];
  const { deadline } = config;
  const expected = `a runtimeRequestTimeout above the configured deadline of ${deadline} s`;
  if (text instanceof Error) return [notSeen(CHECK, file, expected, text)];
  const flag = flagOf(kubelet?.args ?? [], 'runtime-request-timeout');
  const seconds = parseGoDuration(flag ?? timeoutIn(text ?? '') ?? '') || DEFAULT_SECONDS;
  const source = flag === undefined ? file : '--runtime-request-timeout';
  const found = `runtimeRequestTimeout is ${seconds} s (${source})`;
  if (deadline === undefined || seconds > deadline) return [ok(CHECK, found, expected)];
  const mend = `set runtimeRequestTimeout: ${deadline + 30}s in ${file}, or a smaller deadline`;
  return [warning(CHECK, `${found}: a slow measurement is made again and again`, expected, mend)];
}

/** A scalar at the beginning of a line: no other form of it was ever written by kubeadm or by a person. */
function timeoutIn(yaml: string): string | undefined {
  return /^["']?runtimeRequestTimeout["']?\s*:\s*["']?([\dhmsuµn.]+)["']?\s*(?:#.*)?$/m.exec(
    yaml,
  )?.[1];
}

function readConfig(file: string): string | undefined | Error {
  try {
    const text = readFileSync(file, 'utf8');
    return text.length > MAX_BYTES ? new Error(`larger than ${MAX_BYTES} characters`) : text;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return systemErrorCode(error) === 'ENOENT' ? undefined : error;
  }
}
