import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { HookError } from '#hook/errors';
import { loadBundle } from './bundle.ts';
import { classify } from './container-class.ts';
import { describeContainer } from './container-facts.ts';
import { makeDirectory } from './directory.fixture.ts';
import { parseState } from './state.ts';

const directory = makeDirectory();
after(() => directory[Symbol.dispose]());
mkdirSync(join(directory.path, 'rootfs'));

const state = Buffer.from(
  JSON.stringify({
    ...JSON.parse(
      readFileSync(join(import.meta.dirname, 'testdata/state-crun-1.8.1.json'), 'utf8'),
    ),
    bundle: directory.path,
    pid: process.pid,
  }),
);
const config = readFileSync(
  join(import.meta.dirname, '../oci/testdata/config/good/spec-example.json'),
);

/** All that input is put through, in the hook's order. */
function takeIn(untrustedState: Uint8Array, untrustedConfig: Uint8Array): object {
  writeFileSync(join(directory.path, 'config.json'), untrustedConfig);
  const parsed = parseState(untrustedState);
  const bundle = loadBundle(parsed);
  return { ...describeContainer(parsed, bundle), class: classify(parsed) };
}

function assertMeasuredOrRefused(untrustedState: Uint8Array, untrustedConfig: Uint8Array): void {
  try {
    takeIn(untrustedState, untrustedConfig);
  } catch (error) {
    assert.ok(error instanceof HookError, String(error));
    assert.ok(error.code === 'state' || error.code === 'bundle', error.code);
    assert.match(error.message, /^[ -~]{1,1000}$/);
  }
}

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

const pieces = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '\0',
  '\n',
  '-',
  '1e9',
  'null',
  '"root":',
  '..',
  '/',
  '\\u0000',
  '\\ud800',
];
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(20),
  insert: fc.oneof(
    fc.constantFrom(...pieces).map((piece) => Buffer.from(piece)),
    fc.uint8Array({ maxLength: 4 }),
  ),
});

function edited(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  return edits.reduce((current: Uint8Array, { at, remove, insert }) => {
    const index = Math.floor(at * current.length);
    return Buffer.concat([current.subarray(0, index), insert, current.subarray(index + remove)]);
  }, bytes);
}

/** Puts another value where one of a JSON value's members or elements is. */
function replacedAt(value: unknown, steps: readonly number[], replacement: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined || typeof value !== 'object' || value === null) return replacement;
  const names = Object.keys(value);
  const name = names[step % names.length];
  if (name === undefined) return replacement;
  const inner = replacedAt(Reflect.get(value, name), rest, replacement);
  if (Array.isArray(value)) return value.with(Number(name), inner);
  return { ...value, [name]: inner };
}

describe('a valid state and config.json', () => {
  test('are taken in', () => {
    takeIn(state, config);
  });

  test('with bytes changed anywhere are taken in or refused in one line', () => {
    const edits = fc.array(edit, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(edits, fc.boolean(), (changes, inState) => {
        if (inState) assertMeasuredOrRefused(edited(state, changes), config);
        else assertMeasuredOrRefused(state, edited(config, changes));
      }),
      { numRuns: 500 },
    );
  });

  test('with any value replaced by any other are taken in or refused in one line', () => {
    const steps = fc.array(fc.nat(50), { maxLength: 5 });
    const value = fc.jsonValue({ maxDepth: 2, noUnicodeString: false });
    fc.assert(
      fc.property(steps, value, fc.boolean(), (path, replacement, inState) => {
        const original: unknown = JSON.parse((inState ? state : config).toString());
        const bytes = Buffer.from(JSON.stringify(replacedAt(original, path, replacement)));
        if (inState) assertMeasuredOrRefused(bytes, config);
        else assertMeasuredOrRefused(state, bytes);
      }),
      { numRuns: 500 },
    );
  });

  test('cut off anywhere are refused', () => {
    for (let length = 0; length < config.length - 2; length += 97) {
      assert.throws(() => takeIn(state, config.subarray(0, length)), { code: 'bundle' });
    }
  });
});
