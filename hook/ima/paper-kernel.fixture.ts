/** What IMA does with records, on paper: a list in a file, and PCR 10 of a software TPM. For tests that need no kernel with IMA. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { PcrValues, Tpm } from '#hook/log/tpm';
import { getSignature } from './ima-syscalls.ts';
import { extendedBy, extendedByPadded, isReplayBank } from './list-replay.ts';
import { type ByteOrder, encodeEntry, encodeFields, type ListEntry } from './measurement-list.ts';
import { recordDirectories } from './record.ts';

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

export interface EntryOptions {
  readonly signature?: Uint8Array;
  readonly order?: ByteOrder;
  readonly pcr?: number;
}

/** An entry of template ima-sig, by SHA-1 as the list without a suffix has it. */
export function sigEntry(
  path: string,
  content: Uint8Array,
  { signature = new Uint8Array(0), order = 'little', pcr = 10 }: EntryOptions = {},
): ListEntry {
  const tagged = Uint8Array.of(...ascii('sha256:'), 0, ...sha256(content));
  const data = encodeFields([tagged, Uint8Array.of(...ascii(path), 0), signature], order);
  return { pcr, templateDigest: sha1(data), template: 'ima-sig', data };
}

export class PaperKernel {
  /** Where `binary_runtime_measurements` is. */
  readonly directory: string;
  readonly #tpm: Tpm;
  readonly #records: string;
  readonly #seen = new Set<string>();
  /** Whether the policy has the rule. */
  covers = true;
  /** Whether its extends reach the TPM. */
  extends = true;
  /** Banks that it pads SHA-1 digests for. */
  padded: readonly string[] = [];
  /** Happens when records were measured and before anybody reads the list. */
  meanwhile: () => Promise<void> = async () => {};

  constructor(directory: string, tpm: Tpm, records: string) {
    this.directory = join(directory, 'securityfs');
    this.#tpm = tpm;
    this.#records = records;
    mkdirSync(this.directory);
    writeFileSync(this.path, '');
  }

  get path(): string {
    return join(this.directory, 'binary_runtime_measurements');
  }

  async measure(...entries: readonly ListEntry[]): Promise<void> {
    for (const entry of entries) {
      appendFileSync(this.path, encodeEntry(entry, 'little'));
      if (this.extends && entry.pcr === 10) await this.#extend(entry);
    }
  }

  async #extend(entry: ListEntry): Promise<void> {
    const banks = [...(await this.#tpm.readPcr(10)).keys()].filter(isReplayBank);
    const digests = banks.map((bank) => {
      const by = this.padded.includes(bank) ? extendedByPadded : extendedBy;
      return [bank, by(entry, bank)] as const;
    });
    await this.#tpm.extendPcr(10, new Map(digests));
  }

  /** The TPM as the hook reaches it: by the time it asks, the kernel has measured what was opened. */
  readonly tpm: Pick<Tpm, 'readPcr'> = {
    readPcr: async (pcr: number): Promise<PcrValues> => {
      await this.#measureRecords();
      const value = await this.#tpm.readPcr(pcr);
      await this.meanwhile();
      return value;
    },
  };

  /** One path with one content is listed once per boot. */
  async #measureRecords(): Promise<void> {
    const directories = recordDirectories.map((name) => join(this.#records, name));
    for (const directory of this.covers ? directories.filter((one) => existsSync(one)) : []) {
      for (const name of readdirSync(directory)) await this.#measureRecord(join(directory, name));
    }
  }

  async #measureRecord(path: string): Promise<void> {
    const attribute = getSignature(path);
    if (typeof attribute === 'number') throw new Error(`security.ima: ${attribute}`);
    const signature = attribute[0] === 3 ? attribute : new Uint8Array(0);
    const entry = sigEntry(path, readFileSync(path), { signature });
    const known = entry.templateDigest.toHex();
    if (this.#seen.has(known)) return;
    this.#seen.add(known);
    await this.measure(entry);
  }
}
