import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { HookError } from '#hook/errors';
import {
  extendedBy,
  extendedByPadded,
  extendValue,
  type ReplayBank,
  replayBanks,
  zeroValue,
} from './list-replay.ts';
import {
  type ByteOrder,
  encodeEntry,
  encodeFields,
  isViolation,
  ListDecoder,
  type ListEntry,
} from './measurement-list.ts';
import { ascii, sigEntry } from './paper-kernel.fixture.ts';
import { containerRecord, imageRecord, RECORDS_DIRECTORY, recordPath } from './record.ts';
import { measuredFile } from './template.ts';

const testdata = join(import.meta.dirname, 'testdata');
const read = (name: string): Buffer => readFileSync(join(testdata, name));
const names = readdirSync(testdata)
  .filter((name) => name.endsWith('.bin'))
  .map((name) => name.slice(0, -'.bin'.length));
const [refused = [], accepted = []] = [true, false].map((isRefused) =>
  names.filter((name) => name.startsWith('should-fail-') === isRefused),
);

interface Vector {
  readonly digestBytes: number;
  readonly order: ByteOrder;
  readonly pending: number;
  readonly entries: readonly unknown[];
  readonly pcr10: { readonly [bank in ReplayBank]?: string };
  readonly padded?: { readonly [bank in ReplayBank]?: string };
}

const vectorOf = (name: string) => JSON.parse(read(`${name}.json`).toString()) as Vector;

/** Everything copied, since entries are valid until the next push. */
function decode(parts: Iterable<Uint8Array>, digestBytes: number) {
  const decoder = new ListDecoder(digestBytes);
  const entries: ListEntry[] = [];
  const bytes: string[] = [];
  for (const part of parts) {
    decoder.push(part);
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      entries.push(structuredClone(next.entry));
      bytes.push(next.bytes.toHex());
    }
  }
  return { entries, bytes, order: decoder.order ?? 'little', pending: decoder.pending };
}

function describeEntry(entry: ListEntry, order: ByteOrder): unknown {
  const { pcr, template, templateDigest } = entry;
  const file = measuredFile(entry, order);
  const said = file && {
    algorithm: file.algorithm,
    digest: file.digest.toHex(),
    path: file.path,
    ...(file.signature === undefined ? {} : { signature: file.signature.toHex() }),
  };
  const violation = isViolation(entry);
  return { pcr, template, templateDigest: templateDigest.toHex(), violation, file: said ?? null };
}

function replay(entries: readonly ListEntry[], bank: ReplayBank, by = extendedBy): string {
  return entries
    .reduce((value, entry) => extendValue(value, entry, bank, by), zeroValue(bank))
    .toHex();
}

describe('a list', () => {
  for (const name of accepted) {
    const { digestBytes, ...expected } = vectorOf(name);

    it(`${name}: holds what is written beside it`, () => {
      const { entries, order, pending } = decode([read(`${name}.bin`)], digestBytes);
      assert.deepEqual(
        { order, pending, entries: entries.map((entry) => describeEntry(entry, order)) },
        { order: expected.order, pending: expected.pending, entries: expected.entries },
      );
    });

    it(`${name}: replays to the PCR that is written beside it, bank by bank`, () => {
      const { entries } = decode([read(`${name}.bin`)], digestBytes);
      for (const bank of replayBanks) {
        const pcr = expected.pcr10[bank];
        const padded = expected.padded?.[bank];
        if (pcr !== undefined) assert.equal(replay(entries, bank), pcr, bank);
        if (padded !== undefined) assert.equal(replay(entries, bank, extendedByPadded), padded);
      }
    });

    it(`${name}: is written again as it was read`, () => {
      const bytes = read(`${name}.bin`);
      const { entries, order, pending, ...read_ } = decode([bytes], digestBytes);
      const written = Buffer.concat(entries.map((entry) => encodeEntry(entry, order)));
      assert.ok(written.equals(bytes.subarray(0, bytes.length - pending)));
      assert.equal(read_.bytes.join(''), written.toHex());
    });

    it(`${name}: is the same in whatever parts it comes`, () => {
      const bytes = read(`${name}.bin`);
      const whole = decode([bytes], digestBytes);
      const cuts = fc.array(fc.nat(bytes.length), { maxLength: 20 });
      fc.assert(
        fc.property(cuts, (at) => {
          const edges = [0, ...at.toSorted((one, other) => one - other), bytes.length];
          const parts = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
          assert.deepEqual(decode(parts, digestBytes), whole);
        }),
      );
    });
  }
});

describe('a list that is refused', () => {
  for (const name of refused) {
    it(name, () => {
      const expected = read(`${name}.expect`).toString().trim();
      assert.throws(
        () => decode([read(`${name}.bin`)], 20),
        (thrown: unknown) => {
          assert.ok(thrown instanceof HookError);
          assert.equal(thrown.code, 'ima');
          assert.ok(thrown.message.includes(expected), thrown.message);
          return true;
        },
      );
    });
  }

  it('or not, is never anything but entries or an error of ours', () => {
    const lists = accepted.map((name) => read(`${name}.bin`)).filter(({ length }) => length > 0);
    const damage = fc.record({
      list: fc.constantFrom(...lists),
      at: fc.nat(),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    });
    fc.assert(
      fc.property(damage, ({ list, at, bytes }) => {
        const damaged = Buffer.from(list);
        damaged.set(bytes.subarray(0, damaged.length), at % Math.max(1, damaged.length - 8));
        try {
          const { entries, order } = decode([damaged], 20);
          for (const entry of entries) {
            describeEntry(entry, order);
            extendedBy(entry, 'sha256');
          }
        } catch (thrown) {
          if (!(thrown instanceof HookError)) throw thrown;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what a real kernel wrote with signatures', () => {
  it('has the template digests that we compute, and replays to the PCR of its TPM', () => {
    const lines = read('signed.ascii').toString().trim().split('\n');
    const entries = lines.map((line): ListEntry => {
      const [pcr, digest = '', template = '', tagged = '', path = '', signature = ''] =
        line.split(' ');
      const [algorithm, hex = ''] = tagged.split(':');
      const values = [
        Buffer.concat([ascii(`${algorithm}:\0`), Uint8Array.fromHex(hex)]),
        ascii(`${path}\0`),
        Uint8Array.fromHex(signature),
      ];
      const templateDigest = Uint8Array.fromHex(digest);
      return { pcr: Number(pcr), templateDigest, template, data: encodeFields(values, 'little') };
    });
    for (const entry of entries) {
      assert.equal(extendedBy(entry, 'sha1').toHex(), entry.templateDigest.toHex());
    }
    const expected = JSON.parse(read('signed.pcr.json').toString()) as { sha256: string };
    assert.equal(replay(entries, 'sha256'), expected.sha256);
  });
});

describe('evmctl', () => {
  const compare = (name: string, change: (value: string) => string) => {
    const directory = mkdtempSync('/dev/shm/oci-measure-ima-');
    try {
      const pcrs = (['sha1', 'sha256'] as const).flatMap((bank) => {
        const path = join(directory, bank);
        writeFileSync(path, pcrFile(change(vectorOf(name).pcr10[bank] ?? '')));
        return ['--pcrs', `${bank},${path}`];
      });
      const list = join(testdata, `${name}.bin`);
      const args = ['ima_measurement', '--ignore-violations', ...pcrs, list];
      return spawnSync('evmctl', args, { encoding: 'utf8', timeout: 10_000 });
    } finally {
      rmSync(directory, { recursive: true });
    }
  };

  for (const name of [
    'plain',
    'template-ima-alone',
    'fields-with-lengths',
    'violation',
    'trixie-by-sha1',
  ]) {
    it(`${name}: comes to the same PCR`, () => {
      const { status, stdout, stderr } = compare(name, (value) => value);
      assert.equal(status, 0, stdout + stderr);
      assert.match(stdout + stderr, /Matched per TPM bank calculated digest/);
      assert.notEqual(compare(name, (value) => value.replace(/^../, 'ab')).status, 0);
    });
  }
});

/** As evmctl reads what a kernel shows of a TPM's 24 registers. */
function pcrFile(pcr10: string): string {
  return Array.from({ length: 24 }, (_, pcr) => {
    const value = pcr === 10 ? pcr10 : '0'.repeat(pcr10.length);
    const pairs = value.toUpperCase().match(/../g) ?? [];
    return `PCR-${String(pcr).padStart(2, '0')}: ${pairs.join(' ')}\n`;
  }).join('');
}

describe('a record', () => {
  const records = JSON.parse(read('records.json').toString()) as {
    rootfs: `sha256:${string}`;
    id?: string;
    record?: string;
    path: string;
    content: string;
    sha256: string;
  }[];
  for (const { rootfs, id, record, path, content, sha256: digest } of records) {
    it(`${path.slice(RECORDS_DIRECTORY.length)} is the vector's`, () => {
      const made =
        id === undefined ? imageRecord(rootfs) : containerRecord(id, rootfs, record ?? '');
      assert.equal(recordPath(made, RECORDS_DIRECTORY), path);
      assert.equal(made.content, content);
      assert.equal(sha256(ascii(made.content)).toHex(), digest);
    });
  }

  it('is refused for what is no digest', () => {
    const digest = `sha256:${'a'.repeat(64)}` as const;
    for (const bad of ['sha256:', `sha256:${'A'.repeat(64)}`, `${digest}\n`, `${digest}/..`]) {
      assert.throws(() => imageRecord(bad as typeof digest), /expected a SHA-256 digest/);
      assert.throws(() => containerRecord('c', bad as typeof digest, 'a'.repeat(64)), HookError);
      assert.throws(() => containerRecord('c', digest, bad.slice('sha256:'.length)), HookError);
    }
  });
});

describe('a path that is longer than template ima has room for', () => {
  it('cannot be in a list', () => {
    const entry = { ...sigEntry('/a', ascii('a')), template: 'ima' };
    const data = Buffer.concat([sha1(ascii('a')), Buffer.from([0, 1, 0, 0]), Buffer.alloc(256)]);
    assert.throws(
      () => decode([encodeEntry({ ...entry, data }, 'little')], 20),
      /length of a path/,
    );
  });
});
