import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DigestError } from '#digest/errors';
import type { MemberTree } from './member-tree.ts';
import { type JsonValue, parseStrictJson } from './strict-json.ts';

function parse(text: string | Uint8Array, members: MemberTree = {}): JsonValue {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return parseStrictJson(bytes, { what: 'the text', members, failure });
}

const failure = (message: string, options?: ErrorOptions): DigestError =>
  new DigestError('image', message, options);

const configMembers: MemberTree = {
  members: {
    root: { members: { path: {} } },
    process: { members: { args: {} } },
    mounts: { each: { members: { source: {} } } },
    linux: { members: { devices: { each: { members: { major: {} } } }, resources: {} } },
    hooks: { members: {} },
    annotations: {},
  },
};

/** Asserts one refusal, in one line. */
function assertRefused(text: string | Uint8Array, reason: RegExp, members?: MemberTree): void {
  assert.throws(
    () => parse(text, members),
    (error) => {
      assert.ok(error instanceof DigestError);
      assert.equal(error.code, 'image');
      assert.match(error.message, reason);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    },
  );
}

/** JSON.parse's answer; undefined where it refuses. */
function nativeParse(text: string): { value: unknown } | undefined {
  try {
    return { value: exactly(text) };
  } catch {
    return undefined;
  }
}

function strictParse(text: string): { value: JsonValue } | undefined {
  try {
    return { value: parse(text) };
  } catch (error) {
    assert.ok(error instanceof DigestError);
    return undefined;
  }
}

describe('parseStrictJson', () => {
  const refused: readonly [string, string | Uint8Array, RegExp][] = [
    ['nothing at all', '', /empty/],
    ['an object that is cut off', '{"id":"a"', /expected , or }/],
    ['a string that is cut off', '"abc', /ends inside a string/],
    ['a backslash at the very end', '"abc\\', /ends inside a string/],
    ['a value that is missing', '{"id":', /ends too early/],
    ['a second value', '{} {}', /something follows/],
    ['a byte order mark', '\ufeff{}', /expected a JSON value/],
    ['invalid UTF-8', Uint8Array.of(0x22, 0xff, 0x22), /not UTF-8/],
    ['a surrogate encoded as UTF-8', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), /not UTF-8/],
    ['UTF-16', Buffer.from('{}', 'utf16le'), /expected a member name/],
    ['a lone surrogate', '"\\ud800"', /lone surrogate/],
    ['a lone surrogate in a name', '{"\\udc00":1}', /lone surrogate/],
    ['a NUL', '{"a":"b\\u0000c"}', /a NUL in a string/],
    ['a NUL in a name', '{"process\\u0000x":1}', /a NUL in a string/],
    ['a raw control character', '"a\nb"', /control character/],
    ['an unknown escape', '"\\x41"', /invalid escape/],
    ['an escape that is cut off', '"\\u00"', /invalid escape/],
    ['a member twice', '{"a":1,"a":2}', /"a" is there twice/],
    ['a member twice, once escaped', '{"a":1,"\\u0061":2}', /"a" is there twice/],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}', /"__proto__" is there twice/],
    ['a comment', '{/* */}', /expected a member name/],
    ['a trailing comma in an object', '{"a":1,}', /expected a member name/],
    ['a trailing comma in an array', '[1,]', /expected a JSON value/],
    ['single quotes', "{'a':1}", /expected a member name/],
    ['a leading zero', '01', /malformed number/],
    ['a leading plus', '+1', /malformed number/],
    ['NaN', 'NaN', /expected a JSON value/],
    ['a number beyond all bounds', '1e999', /too large/],
    ['a number of a thousand digits', '1'.repeat(1000), /too long/],
    ['a word that is cut off', 'tru', /expected true/],
    ['65 nested arrays', '['.repeat(66), /nested more than 64 deep/],
    ['a million nested objects', '{"a":'.repeat(1_000_000), /nested more than 64 deep/],
    ['two million values', `[${'0,'.repeat(2_000_000)}0]`, /more than 1000000 values/],
  ];
  for (const [title, text, reason] of refused) {
    test(`${title} is refused`, () => assertRefused(text, reason));
  }

  test('a member that differs from the schema by case alone is refused, however deep', () => {
    assertRefused('{"Root":{}}', /"Root" can be taken for "root"/, configMembers);
    assertRefused('{"PROCESS":{}}', /"PROCESS" can be taken for "process"/, configMembers);
    assertRefused('{"process":{"ARGS":[]}}', /"ARGS" can be taken for "args"/, configMembers);
    assertRefused('{"mounts":[{},{"Source":"/"}]}', /taken for "source"/, configMembers);
    assertRefused('{"linux":{"devices":[{"Major":1}]}}', /taken for "major"/, configMembers);
    assertRefused('{"linux":{"Resources":{}}}', /taken for "resources"/, configMembers);
  });

  test('a member that only Unicode folding makes the schema’s is refused: Go reads it so', () => {
    assertRefused('{"proce\u017fs":{}}', /can be taken for "process"/, configMembers);
    assertRefused('{"hoo\\u212as":{}}', /can be taken for "hooks"/, configMembers);
  });

  test('a case variant beside the member itself is refused', () => {
    assertRefused('{"root":{"path":"a"},"rooT":{"path":"b"}}', /"rooT"/, configMembers);
  });

  test('maps with free names may hold names that differ by case alone', () => {
    const text = '{"annotations":{"Path":"a","path":"b","ROOT":"c"}}';
    assert.deepEqual(parse(text, configMembers), JSON.parse(text));
  });

  test('a map with free names may not hold a name twice: runtimes differ in which they take', () => {
    assertRefused('{"annotations":{"a":"1","a":"2"}}', /is there twice/, configMembers);
  });

  test('members that no schema knows are kept', () => {
    assert.deepEqual(parse('{"x-vendor":{"Root":1}}', configMembers), { 'x-vendor': { Root: 1 } });
  });

  test('a member named __proto__ is a member like any other', () => {
    const value = parse('{"__proto__":{"polluted":1},"constructor":2}', configMembers);
    assert.ok(typeof value === 'object' && value !== null);
    assert.deepEqual(Object.keys(value), ['__proto__', 'constructor']);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });

  test('an integer that a double would round is kept exactly', () => {
    assert.equal(parse('18446744073709551615'), 18446744073709551615n);
    assert.equal(parse('-9007199254740993'), -9007199254740993n);
    assert.equal(parse('9007199254740991'), 9007199254740991);
    assert.ok(Object.is(parse('-0'), 0));
  });

  test('64 nested arrays are read', () => {
    const text = `${'['.repeat(64)}${']'.repeat(64)}`;
    assert.deepEqual(parse(text), JSON.parse(text));
  });

  test('whatever JSON.stringify writes is read back', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        assert.deepEqual(parse(text), exactly(text));
      }),
      { numRuns: 300 },
    );
  });

  test('what JSON.parse refuses is refused, and what is read is what JSON.parse reads', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      'a',
      '0',
      '-',
      '.',
      'e',
      'u',
      ' ',
      '\n',
    ];
    const words = ['true', 'null', '"a"', '"b":', '{"a":1}', '[1.5]', '\\u0041', '1e2'];
    const text = fc
      .array(fc.constantFrom(...pieces, ...words), { maxLength: 12 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (json) => {
        const strict = strictParse(json);
        if (strict === undefined) return;
        assert.deepEqual(strict, nativeParse(json));
      }),
      { numRuns: 3000 },
    );
  });
});

/** JSON.parse, but whole numbers that a double would round are bigints, and −0 is 0. */
function exactly(text: string): unknown {
  return JSON.parse(text, (_name, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number') return value;
    const source = context?.source ?? '';
    const isWhole = /^-?\d+$/.test(source);
    return isWhole && !Number.isSafeInteger(value) ? BigInt(source) : value + 0;
  });
}
