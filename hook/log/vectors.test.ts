import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { decodeEvent, encodeEvent } from './event-string.ts';
import { encodeRecord, parseLog } from './measurement-log.ts';
import { toBankValues } from './pcr.ts';
import { replay } from './replay.ts';

const testdata = join(import.meta.dirname, 'testdata');
const names = readdirSync(testdata)
  .filter((name) => name.endsWith('.cel'))
  .map((name) => name.slice(0, -'.cel'.length));
const [refused, accepted] = [true, false].map((isRefused) =>
  names.filter((name) => name.startsWith('should-fail-') === isRefused),
);

const bytesOf = (name: string): Uint8Array => readFileSync(join(testdata, `${name}.cel`));

describe('a log that replays', () => {
  for (const name of accepted ?? []) {
    it(`${name}: reaches the values and gaps that are written beside it`, () => {
      const replayed = replay(parseLog(bytesOf(name)), 13);
      const expected: unknown = JSON.parse(
        readFileSync(join(testdata, `${name}.pcr.json`), 'utf8'),
      );
      const found = { values: toBankValues(replayed.values), gaps: replayed.gaps.length };
      assert.deepEqual(found, expected);
    });

    it(`${name}: is written again as it was read`, () => {
      const records = parseLog(bytesOf(name));
      assert.ok(Buffer.concat(records.map(encodeRecord)).equals(bytesOf(name)));
      for (const { event, string } of records) {
        assert.equal(encodeEvent(event), string);
        assert.deepEqual(decodeEvent(string), event);
      }
    });
  }
});

describe('a log that is refused', () => {
  for (const name of refused ?? []) {
    it(name, () => {
      const expected = readFileSync(join(testdata, `${name}.expect`), 'utf8').trim();
      assert.throws(
        () => replay(parseLog(bytesOf(name)), 13),
        (thrown: unknown) => {
          assert.ok(thrown instanceof Error && 'code' in thrown && thrown.code === 'log');
          assert.ok(thrown.message.includes(expected), thrown.message);
          assert.match(thrown.message, /^record \d+/);
          assert.doesNotMatch(thrown.message, /\n/);
          return true;
        },
      );
    });
  }
});

describe('what is extended', () => {
  it('can be computed with sha256sum and xxd alone', () => {
    const log = join(testdata, 'one-bank.cel');
    const script = `
      value=$(printf '0%.0s' $(seq 64))
      while IFS= read -r record; do
        string=$(printf '%s' "$record" | tr -d '\\036' | node -p 'JSON.parse(require("fs").readFileSync(0)).content.string')
        digest=$(printf '%s' "$string" | sha256sum | cut -c1-64)
        value=$(printf '%s%s' "$value" "$digest" | tr a-f A-F | basenc --base16 -d | sha256sum | cut -c1-64)
      done < "$1"
      echo "$value"`;
    const value = execFileSync('bash', ['-c', script, 'bash', log], { encoding: 'utf8' }).trim();
    assert.equal(toBankValues(replay(parseLog(bytesOf('one-bank')), 13).values).sha256, value);
  });
});
