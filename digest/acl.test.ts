import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalAcl } from './acl.ts';
import { ownerMapping } from './owner-mapping.ts';

type AclEntry = readonly [tag: number, permissions: number, id: number];
const NO_ID = 0xffffffff;

function acl(...entries: AclEntry[]): Uint8Array {
  const bytes = Buffer.alloc(4 + entries.length * 8);
  bytes.writeUInt32LE(2);
  for (const [index, [tag, permissions, id]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + index * 8);
    bytes.writeUInt16LE(permissions, 6 + index * 8);
    bytes.writeUInt32LE(id, 8 + index * 8);
  }
  return new Uint8Array(bytes);
}

const mode: AclEntry[] = [
  [1, 6, NO_ID],
  [4, 4, NO_ID],
  [32, 4, NO_ID],
];
const named = (user: number, group: number): AclEntry[] => [
  [1, 6, NO_ID],
  [2, 4, user],
  [4, 4, NO_ID],
  [8, 4, group],
  [16, 4, NO_ID],
  [32, 4, NO_ID],
];

const unshifted = ownerMapping(undefined);
const shifted = ownerMapping({
  uids: [{ containerID: 0, hostID: 1000, size: 10 }],
  gids: [{ containerID: 5, hostID: 2000, size: 10 }],
});

describe('a POSIX ACL', () => {
  test('keeps its entries in the kernel’s order', () => {
    const twoUsers = acl(
      [1, 6, NO_ID],
      [2, 4, 9],
      [2, 4, 3],
      [4, 4, NO_ID],
      [16, 7, NO_ID],
      [32, 0, NO_ID],
    );
    assert.deepEqual(canonicalAcl('access', twoUsers, unshifted), twoUsers);
  });

  test('names users and groups by the container’s ids', () => {
    const canonical = canonicalAcl('access', acl(...named(1003, 2003)), shifted);
    assert.deepEqual(canonical, acl(...named(3, 8)));
  });

  test('of a user or group that the container does not map is refused', () => {
    for (const unmapped of [named(1, 2003), named(1003, 1)]) {
      assert.throws(() => canonicalAcl('access', acl(...unmapped), shifted), {
        name: 'DigestError',
        code: 'unmapped-id',
      });
    }
  });

  test('has no id where an entry has none, whatever was stored', () => {
    const stored = acl([1, 6, 0], [2, 4, 7], [4, 4, 0], [16, 4, 0], [32, 4, 0]);
    const canonical = acl([1, 6, NO_ID], [2, 4, 7], [4, 4, NO_ID], [16, 4, NO_ID], [32, 4, NO_ID]);
    assert.deepEqual(canonicalAcl('access', stored, unshifted), canonical);
  });

  test('that says no more than the mode is absent; a default one never', () => {
    assert.equal(canonicalAcl('access', acl(...mode), unshifted), undefined);
    assert.deepEqual(canonicalAcl('default', acl(...mode), unshifted), acl(...mode));
  });

  test('without entries is absent', () => {
    assert.equal(canonicalAcl('access', acl(), unshifted), undefined);
    assert.equal(canonicalAcl('default', acl(), unshifted), undefined);
  });

  for (const [name, value] of Object.entries({
    empty: new Uint8Array(0),
    'of version 1': Uint8Array.of(1, 0, 0, 0),
    'cut off': acl(...mode).subarray(0, 10),
    'with an unknown tag': acl([3, 0, NO_ID]),
  })) {
    test(`that is ${name} is refused`, () => {
      assert.throws(() => canonicalAcl('access', value, unshifted), {
        name: 'DigestError',
        code: 'unrepresentable',
      });
    });
  }
});
