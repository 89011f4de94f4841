import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import type { Host } from './host.ts';

export interface LoggedRecord {
  readonly pcr: number;
  readonly digests: readonly { readonly hashAlg: string; readonly digest: string }[];
  readonly content: { readonly string: string; readonly eventType: string };
  /** content.string, parsed. */
  readonly event: Readonly<Record<string, unknown>>;
}

/** Reads the log as docs/measurement-log.md describes it, by code that shares nothing with the program's. */
export function readLog(host: Host): LoggedRecord[] {
  const texts = readFileSync(`${host.state}/measurements.cel`, 'utf8').split('\x1e').slice(1);
  return texts.map((text) => {
    assert.ok(text.endsWith('\n'), 'every record ends in a line feed');
    const record = JSON.parse(text);
    return { ...record, event: JSON.parse(record.content.string) };
  });
}

/** What the log replays to in each bank, in lower-case hexadecimal. Every digest is recomputed from its string. */
export function replay(records: readonly LoggedRecord[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { digests, content, event } of records) {
    const found = event['found'] as Record<string, string> | undefined;
    Object.assign(values, found ?? {});
    for (const { hashAlg, digest } of digests) {
      assert.equal(digest, createHash(hashAlg).update(content.string).digest('hex'));
      const old = Buffer.from(values[hashAlg] ?? '', 'hex');
      values[hashAlg] = createHash(hashAlg)
        .update(old)
        .update(Buffer.from(digest, 'hex'))
        .digest('hex');
    }
  }
  return values;
}

/** The PCR as tpm2-tools read it, in lower-case hexadecimal. */
export async function readPcr(host: Host, pcr = 13): Promise<Record<string, string>> {
  const banks = ['sha1', 'sha256', 'sha384', 'sha512'];
  const values: Record<string, string> = {};
  for (const bank of banks) {
    const { stdout } = await execa('tpm2_pcrread', [`--tcti=${host.tpm.tcti}`, `${bank}:${pcr}`]);
    const value = /0x([0-9A-F]+)/.exec(stdout)?.[1];
    if (value !== undefined) values[bank] = value.toLowerCase();
  }
  return values;
}

/** Asserts that the log explains the PCR in every active bank, and returns its events. */
export async function assertReplays(host: Host): Promise<LoggedRecord['event'][]> {
  const records = readLog(host);
  assert.deepEqual(replay(records), await readPcr(host));
  return records.map(({ event }) => event);
}
