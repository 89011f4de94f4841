import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry } from '#digest/entry';
import type { Semantics } from '#digest/semantics';
import { findDisagreements } from './disagreements.ts';
import { Refusal } from './refusal.ts';
import type { Unpacked } from './unpack-image.ts';

const link = (path: string, target = 't'): Entry => ({
  kind: 'link',
  path,
  uid: 0,
  gid: 0,
  xattrs: [],
  target,
});

const answersOf = (containerd: Unpacked, docker: Unpacked, podman: Unpacked) =>
  new Map<Semantics, Unpacked>([
    ['containerd', containerd],
    ['docker', docker],
    ['podman', podman],
  ]);

describe('findDisagreements', () => {
  test('names each path once: what is refused, then in a listing’s order', () => {
    // `a/z` comes before `a!`, as a slash counts least.
    const one = [link('a', '1'), link('a/z'), link('a!'), link('c'), link('d')];
    const other = [link('a', '2'), link('a!'), link('b'), link('d')];
    const refusal = new Refusal('podman', './d', 'a reason');
    const { disagreements, disagreementCount } = findDisagreements(answersOf(one, other, refusal));
    assert.deepEqual(
      disagreements.map(({ path, answers }) => [path, ...answers.values()]),
      [
        ['d', './d type=link uid=0 gid=0 link=t', './d type=link uid=0 gid=0 link=t'],
        ['a', './a type=link uid=0 gid=0 link=1', './a type=link uid=0 gid=0 link=2'],
        ['a/z', './a/z type=link uid=0 gid=0 link=t', 'absent'],
        ['b', 'absent', './b type=link uid=0 gid=0 link=t'],
        ['c', './c type=link uid=0 gid=0 link=t', 'absent'],
      ].map((row) => [...row, 'refused: a reason']),
    );
    assert.equal(disagreementCount, 5);
  });

  test('keeps fewer where their lines are long, and counts all', () => {
    const entries = Array.from({ length: 2000 }, (_, i) =>
      link(String(i).padStart(4, '0'), '\n'.repeat(4000)),
    );
    const found = findDisagreements(answersOf(entries, [], []));
    assert.equal(found.disagreementCount, 2000);
    // 16 MiB at about 16,000 bytes each: `\n` is written as `\012`.
    assert.ok(found.disagreements.length > 1000 && found.disagreements.length < 1100);
  });
});
