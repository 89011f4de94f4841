import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Disagreement, Semantics } from '#digest/layers/layered-rootfs';
import { describeDisagreements } from './disagreements.ts';

function disagreement(
  path: string,
  containerd: string,
  docker: string,
  podman: string,
): Disagreement {
  const answers: readonly (readonly [Semantics, string])[] = [
    ['containerd', containerd],
    ['docker', docker],
    ['podman', podman],
  ];
  return { path, answers: new Map(answers) };
}

const told = (disagreements: readonly Disagreement[], disagreementCount = disagreements.length) =>
  describeDisagreements({ disagreements, disagreementCount });

describe('describeDisagreements', () => {
  test('puts engines of one answer together, and says the path once', () => {
    const mode = (octal: string) => `./a\\040b type=dir mode=${octal} uid=0 gid=0`;
    const lines = told([
      disagreement('a b', mode('0755'), 'absent', mode('0755')),
      disagreement('x', 'refused: a', 'refused: b', 'refused: c'),
    ]);
    assert.deepEqual(lines, [
      './a\\040b',
      '  containerd, podman: type=dir mode=0755 uid=0 gid=0',
      '  docker: absent',
      './x',
      '  containerd: refused: a',
      '  docker: refused: b',
      '  podman: refused: c',
    ]);
  });

  test('has each answer in one line, attributes and all', () => {
    const plain = './x type=dir mode=0755 uid=0 gid=0';
    const attribute = '#xattr system.posix_acl_access=AgAAAA==';
    const answers = [plain, plain, `${plain}\n${attribute}`] as const;
    assert.deepEqual(told([disagreement('x', ...answers)]), [
      './x',
      '  containerd, docker: type=dir mode=0755 uid=0 gid=0',
      `  podman: type=dir mode=0755 uid=0 gid=0 ${attribute}`,
    ]);
  });

  test('tells ten paths, and how many there are beyond', () => {
    const paths = Array.from({ length: 12 }, (_, index) => String(index));
    const lines = told(
      paths.map((path) => disagreement(path, 'a', 'b', 'b')),
      1234,
    );
    assert.equal(lines.length, 31);
    assert.deepEqual(lines.slice(-2), ['  docker, podman: b', 'and 1,224 more paths']);
  });
});
