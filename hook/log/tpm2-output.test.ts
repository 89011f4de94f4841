import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseActiveBanks, parsePcrValues } from './tpm2-output.ts';

const all = Array.from({ length: 24 }, (_, index) => index).join(', ');
const zero = '0'.repeat(64);

describe('parseActiveBanks', () => {
  it('names the banks that hold the PCR', () => {
    const output = `selected-pcrs:\n  - sha1: [ 0, 1, 13 ]\n  - sha256: [ ${all} ]\n  - sha384: [ ]\n  - sha512: [ 1, 113 ]\n`;
    assert.deepEqual(parseActiveBanks(output, 13), ['sha1', 'sha256']);
  });

  it('refuses a TPM with no bank for the PCR, or with one that cannot be computed', () => {
    const code = 'tpm';
    assert.throws(() => parseActiveBanks('selected-pcrs:\n  - sha1: [ ]\n', 13), {
      code,
      message: /no active bank/,
    });
    const sm3 = `selected-pcrs:\n  - sha256: [ ${all} ]\n  - sm3_256: [ ${all} ]\n`;
    assert.throws(() => parseActiveBanks(sm3, 13), { code, message: /sm3_256/ });
  });

  it('is not kept busy by a list without end', () => {
    const output = `selected-pcrs:\n  - sha256: [ ${'1'.repeat(60_000)}x ]\n`;
    assert.throws(() => parseActiveBanks(output, 13), { code: 'tpm' });
  });

  it('ignores a bank that is not active, even if it is unknown', () => {
    const output = `selected-pcrs:\n  - sha256: [ ${all} ]\n  - sm3_256: [ ]\n`;
    assert.deepEqual(parseActiveBanks(output, 13), ['sha256']);
  });
});

describe('parsePcrValues', () => {
  it('reads exactly the banks it asked for', () => {
    const output = `  sha256:\n    13: 0x${zero}\n`;
    assert.equal(parsePcrValues(output, 13, ['sha256']).get('sha256')?.toHex(), zero);
  });

  for (const [what, output] of [
    ['nothing', ''],
    ['another PCR', `  sha256:\n    12: 0x${zero}\n`],
    ['another bank', `  sha1:\n    13: 0x${zero.slice(24)}\n`],
    ['a short value', `  sha256:\n    13: 0x${zero.slice(2)}\n`],
    ['two values', `  sha256:\n    13: 0x${zero}\n    14: 0x${zero}\n`],
    ['a bank twice', `  sha256:\n    13: 0x${zero}\n  sha256:\n    13: 0x${zero}\n`],
    ['a bank too many', `  sha256:\n    13: 0x${zero}\n  sha1:\n    13: 0x${zero.slice(24)}\n`],
    ['a bank without a value', '  sha256:\n'],
    ['no hexadecimal', `  sha256:\n    13: 0x${'g'.repeat(64)}\n`],
    ['text before', `hello\n  sha256:\n    13: 0x${zero}\n`],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parsePcrValues(output, 13, ['sha256']), {
        name: 'HookError',
        code: 'tpm',
      });
    });
  }

  it('answers or refuses whatever a tool prints, in one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (output) => {
        for (const parse of [parseActiveBanks, parsePcrValues]) {
          assert.throws(
            () => parse(output, 13, ['sha256']),
            (thrown: unknown) => thrown instanceof Error && !thrown.message.includes('\n'),
          );
        }
      }),
    );
  });
});
