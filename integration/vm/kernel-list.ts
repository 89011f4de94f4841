import { extendValue, zeroValue } from '#hook/ima/list-replay';
import { ListDecoder } from '#hook/ima/measurement-list';

/** A line of ascii_runtime_measurements. */
export interface ListedFile {
  readonly template: string;
  readonly hash: string;
  readonly path: string;
  /** In hexadecimal; empty where there is none. */
  readonly signature: string;
}

/** @param text of ascii_runtime_measurements: PCR, template digest, template, algorithm:hash, path, signature */
export function parseList(text: string): ListedFile[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, , template = '', digest = '', path = '', signature = ''] = line.trim().split(/ +/);
      return { template, hash: digest.slice(digest.indexOf(':') + 1), path, signature };
    });
}

/** Whether some beginning of the list (binary, template digests in SHA-1) replays to the value of PCR 10 in the sha256 bank. */
export function replayedToPcr(list: Uint8Array, pcr: Uint8Array): boolean {
  const decoder = new ListDecoder(20);
  decoder.push(list);
  let value = zeroValue('sha256');
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
    value = extendValue(value, next.entry, 'sha256');
    if (value.toHex() === pcr.toHex()) return true;
  }
  return false;
}
