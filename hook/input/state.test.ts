import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { HookError } from '#hook/errors';
import { maxStateBytes, parseState } from './state.ts';

const testdata = join(import.meta.dirname, 'testdata');

const state = {
  ociVersion: '1.2.0',
  id: 'c1',
  status: 'creating',
  pid: 4422,
  bundle: '/run/bundle',
  annotations: { a: 'b' },
};

function parse(change: object): ReturnType<typeof parseState> {
  return parseState(Buffer.from(JSON.stringify({ ...state, ...change })));
}

function assertRefused(parseIt: () => unknown, message: RegExp): void {
  assert.throws(parseIt, (error) => {
    assert.ok(error instanceof HookError);
    assert.equal(error.code, 'state');
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    assert.ok(error.message.length < 500);
    return true;
  });
}

describe('parseState', () => {
  test('what runc 1.1.5 writes is read', () => {
    assert.deepEqual(parseState(readFileSync(join(testdata, 'state-runc-1.1.5.json'))), {
      id: 'omc-runc-createRuntime',
      pid: 21_695,
      bundle: '/var/lib/omc/runc-createRuntime',
      status: 'creating',
      annotations: new Map([
        ['io.container.manager', 'x'],
        ['org.example.note', 'a "b" é \n'],
      ]),
    });
  });

  test('what crun 1.8.1 writes is read: a root, and created for a status', () => {
    const { root, status, pid } = parseState(readFileSync(join(testdata, 'state-crun-1.8.1.json')));
    assert.deepEqual({ root, status, pid }, { root: 'rootfs', status: 'created', pid: 24_387 });
  });

  test('crun’s bundle / with a root is read', () => {
    const { bundle, root } = parse({ bundle: '/', root: '/var/lib/c/merged', ociVersion: '1.0' });
    assert.deepEqual({ bundle, root }, { bundle: '/', root: '/var/lib/c/merged' });
  });

  test('members that nobody knows are left alone', () => {
    assert.equal(parse({ 'org.example': { pid: 1 } }).pid, 4422);
  });

  test('a state without annotations has none', () => {
    assert.deepEqual(parse({ annotations: undefined }).annotations, new Map());
  });

  test('an annotation named __proto__ is an annotation', () => {
    const text = JSON.stringify(state).replace('"a":', '"__proto__":');
    assert.deepEqual(parseState(Buffer.from(text)).annotations, new Map([['__proto__', 'b']]));
  });

  const refused: readonly [string, object, RegExp][] = [
    ['an id that is missing', { id: undefined }, /'id'/],
    ['an id that is a number', { id: 1 }, /"\/id" must be string, found 1/],
    ['an empty id', { id: '' }, /id of the state: expected .* found ""/],
    ['an id with a NUL', { id: 'a\0b' }, /NUL/],
    ['an id with a newline', { id: 'a\nb' }, /found "a\\nb"/],
    ['an id with an escape sequence', { id: 'a\u001b[2J' }, /id of the state/],
    ['an id with a C1 control', { id: 'a\u009b' }, /id of the state/],
    ['an id with a slash', { id: '../c1' }, /id of the state/],
    ['an id with a space', { id: 'a b' }, /id of the state/],
    ['an id that turns text around', { id: 'a\u202eb' }, /id of the state/],
    ['the id .', { id: '.' }, /id of the state/],
    ['the id ..', { id: '..' }, /id of the state/],
    ['an id of 256 bytes', { id: 'a'.repeat(256) }, /id of the state/],
    ['no pid', { pid: undefined }, /pid of the state: expected .* found nothing/],
    ['pid 0', { pid: 0 }, /pid of the state/],
    ['a negative pid', { pid: -1 }, /must be >= 0, found -1/],
    ['a pid that is text', { pid: '1' }, /"\/pid" must be integer, found "1"/],
    ['a pid with a fraction', { pid: 1.5 }, /must be integer/],
    ['a pid above the kernel’s most', { pid: 4_194_305 }, /pid of the state/],
    ['no bundle', { bundle: undefined }, /'bundle'/],
    ['a relative bundle', { bundle: 'bundle' }, /bundle of the state: expected an absolute path/],
    ['an empty bundle', { bundle: '' }, /bundle of the state/],
    ['a bundle with ..', { bundle: '/run/../etc' }, /bundle of the state/],
    ['a bundle with a newline', { bundle: '/run/a\nb' }, /bundle of the state/],
    ['a root with ..', { root: '../x' }, /root of the state/],
    ['an empty root', { root: '' }, /root of the state/],
    ['a root that is an object', { root: { path: 'rootfs' } }, /"\/root" must be string/],
    ['a status with a newline', { status: 'a\nb' }, /status of the state/],
    ['annotations that are a list', { annotations: ['a'] }, /must be object, found an array/],
    ['an annotation that is an object', { annotations: { a: {} } }, /must be string/],
    ['a member in the wrong case', { Pid: 1 }, /"Pid" can be taken for "pid"/],
    ['crun’s member in the wrong case', { ROOT: '/' }, /"ROOT" can be taken for "root"/],
  ];
  for (const [title, change, message] of refused) {
    test(`${title} is refused`, () => assertRefused(() => parse(change), message));
  }

  test('whatever is not an object is refused', () => {
    for (const text of ['null', '[]', '"{}"', '1', 'true']) {
      assertRefused(() => parseState(Buffer.from(text)), /not an OCI state: it must be object/);
    }
  });

  test('a state cut off at any byte is refused', () => {
    const bytes = readFileSync(join(testdata, 'state-crun-1.8.1.json')).subarray(0, -1);
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length);
      assertRefused(() => parseState(cut), /the state on standard input/);
    }
  });

  test('an id of 255 bytes and every printable character is read', () => {
    const id = '!"#$%&\'()*+,-.0:;<=>?@A[\\]^_`a{|}~'.padEnd(255, 'x');
    assert.equal(parse({ id }).id, id);
  });

  test('Kubernetes’ most annotations, doubled and quoted as CRI-O passes them, fit', () => {
    const annotations = { a: '"'.repeat(256 * 1024), b: '\\"'.repeat(256 * 1024) };
    const bytes = Buffer.from(JSON.stringify({ ...state, annotations }));
    assert.ok(bytes.length < maxStateBytes);
    assert.equal(parseState(bytes).annotations.size, 2);
  });
});
