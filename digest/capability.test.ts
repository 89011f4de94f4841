import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalCapability } from './capability.ts';
import { ownerMapping } from './owner-mapping.ts';

const words = (...values: number[]): Uint8Array => new Uint8Array(new Uint32Array(values).buffer);

const FLAG_EFFECTIVE = 1;
const sets = [0x2000, 0x400, 0x1, 0x2];
const revision2 = words(0x02000000 | FLAG_EFFECTIVE, ...sets);
const revision3 = (root: number): Uint8Array => words(0x03000000 | FLAG_EFFECTIVE, ...sets, root);

const unshifted = ownerMapping(undefined);
const shifted = ownerMapping({
  uids: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
  gids: [],
});

describe('a file capability', () => {
  test('of revision 2 stays as it is, also in a user namespace', () => {
    assert.deepEqual(canonicalCapability(revision2, unshifted), revision2);
    assert.deepEqual(canonicalCapability(revision2, shifted), revision2);
  });

  test('of revision 3 that is the container’s root’s becomes revision 2', () => {
    assert.deepEqual(canonicalCapability(revision3(0), unshifted), revision2);
    assert.deepEqual(canonicalCapability(revision3(100_000), shifted), revision2);
  });

  test('of revision 3 that is somebody else’s keeps the container’s id', () => {
    assert.deepEqual(canonicalCapability(revision3(1000), unshifted), revision3(1000));
    assert.deepEqual(canonicalCapability(revision3(100_007), shifted), revision3(7));
  });

  test('of a root that the container does not map is refused', () => {
    assert.throws(() => canonicalCapability(revision3(0), shifted), {
      name: 'DigestError',
      code: 'unmapped-id',
    });
  });

  for (const [name, value] of Object.entries({
    'revision 1': words(0x01000001, 1, 2),
    'revision 4': words(0x04000001, ...sets),
    'revision 2 of the size of 3': words(0x02000001, ...sets, 0),
    'revision 3 of the size of 2': words(0x03000001, ...sets),
    nothing: words(),
  })) {
    test(`that is ${name} is refused`, () => {
      assert.throws(() => canonicalCapability(value, unshifted), {
        name: 'DigestError',
        code: 'unrepresentable',
      });
    });
  }
});
