import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DigestError } from './errors.ts';
import {
  digestDirectories,
  digestDirectory,
  type ListedDigest,
  MS_RDONLY,
  makeNode,
  makeWhiteout,
  scratchDirectory,
  setXattr,
} from './tree.fixture.ts';

const merged = (...layers: string[]): ListedDigest =>
  digestDirectories(layers, { overlay: { xattrPrefix: 'trusted.overlay.' } });

type Node =
  | { readonly kind: 'file'; readonly content: string; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'whiteout' }
  | { readonly kind: 'char' }
  | {
      readonly kind: 'dir';
      readonly mode: number;
      readonly opaque: boolean;
      readonly names: Names;
    };
type Names = Readonly<Record<string, Node>>;

const { layer } = fc.letrec<{ layer: Names; node: Node }>((tie) => ({
  layer: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('node'), {
    maxKeys: 4,
    depthIdentifier: 'tree',
  }),
  node: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'tree' },
    fc.record({
      kind: fc.constant('file' as const),
      content: fc.constantFrom('', 'x', 'y'),
      mode: fc.constantFrom(0o600, 0o644, 0o4755),
    }),
    fc.constant({ kind: 'whiteout' as const }),
    fc.constant({ kind: 'char' as const }),
    fc.record({ kind: fc.constant('link' as const), target: fc.constantFrom('a', '../b') }),
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('dir' as const),
        mode: fc.constantFrom(0o700, 0o755, 0o1777),
        opaque: fc.boolean(),
        names: tie('layer'),
      }),
    },
  ),
}));

function write(directory: string, names: Names): void {
  for (const [name, node] of Object.entries(names)) {
    const path = `${directory}/${name}`;
    switch (node.kind) {
      case 'file':
        writeFileSync(path, node.content);
        chmodSync(path, node.mode);
        break;
      case 'link':
        symlinkSync(node.target, path);
        break;
      case 'whiteout':
        makeWhiteout(path);
        break;
      case 'char':
        makeNode(path, 0o020600, 1, 3);
        break;
      case 'dir':
        mkdirSync(path);
        chmodSync(path, node.mode);
        if (node.opaque) setXattr(path, 'trusted.overlay.opaque', 'y');
        write(path, node.names);
    }
  }
}

describe('layers of an overlay', () => {
  test('are merged as the kernel merges them', () => {
    const stacks = fc.array(layer, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(stacks, (stack) => {
        using scratch = scratchDirectory();
        // The kernel mounts two layers or more.
        const layers = [...stack, {}].map((names, index) => {
          const path = `${scratch.path}/${index}`;
          mkdirSync(path);
          write(path, names);
          return path;
        });
        const target = `${scratch.path}/merged`;
        mkdirSync(target);
        const data = `lowerdir=${layers.join(':')}`;
        scratch.mount(target, { type: 'overlay', flags: MS_RDONLY, data });
        assert.equal(merged(...layers).listing, digestDirectory(target).listing);
      }),
      { numRuns: 100 },
    );
  });

  test('give one digest however a tree is cut into them', () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    execFileSync('sh', [
      '-ec',
      `cd "$1"
       mkdir -p whole/etc/a whole/usr base/etc/a base/usr top/etc/a
       echo 1 | tee whole/etc/a/one base/etc/a/one
       echo 2 | tee whole/etc/a/two top/etc/a/two
       echo old >base/usr/file; echo new | tee whole/usr/file; mkdir top/usr; cp whole/usr/file top/usr/file
       chmod 750 whole/etc/a top/etc/a`,
      'sh',
      path,
    ]);
    assert.equal(
      merged(`${path}/top`, `${path}/base`).digest,
      digestDirectory(`${path}/whole`).digest,
    );
  });

  test('hide by whiteouts even where there is one layer', () => {
    using scratch = scratchDirectory();
    makeWhiteout(`${scratch.path}/gone`);
    assert.deepEqual(merged(scratch.path).lines, []);
    assert.deepEqual(digestDirectory(scratch.path).lines, [
      './gone type=char mode=0000 uid=0 gid=0 device=native,0,0',
    ]);
  });

  test('are not cut off by an opaque root', () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    mkdirSync(`${path}/top`);
    mkdirSync(`${path}/base/dir`, { recursive: true });
    setXattr(`${path}/top`, 'trusted.overlay.opaque', 'y');
    assert.equal(merged(`${path}/top`, `${path}/base`).entries, 1);
  });

  test('are marked by user.overlay attributes where the overlay is mounted so, and only there', () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    mkdirSync(`${path}/top/dir`, { recursive: true });
    mkdirSync(`${path}/base/dir/below`, { recursive: true });
    setXattr(`${path}/top/dir`, 'user.overlay.opaque', 'y');
    const layers = [`${path}/top`, `${path}/base`];
    const byUser = digestDirectories(layers, { overlay: { xattrPrefix: 'user.overlay.' } });
    assert.equal(byUser.entries, 1);
    assert.equal(merged(...layers).entries, 2);
  });

  const needsKernel = (path: RegExp, attribute: string) => (error: unknown) => {
    assert.ok(error instanceof DigestError);
    assert.equal(error.code, 'needs-kernel');
    assert.match(error.message, path);
    assert.ok(error.message.includes(attribute));
    return true;
  };

  for (const [attribute, value] of [
    ['redirect', '/elsewhere'],
    ['metacopy', ''],
    ['opaque', 'x'],
    ['opaque', 'yy'],
    ['whiteout', 'y'],
    ['whiteouts', 'y'],
    ['something-new', ''],
  ] as const) {
    test(`with ${attribute} of ${JSON.stringify(value)} are left to the kernel, in any layer`, () => {
      using scratch = scratchDirectory();
      const { path } = scratch;
      mkdirSync(`${path}/top/a b`, { recursive: true });
      mkdirSync(`${path}/base/a b`, { recursive: true });
      setXattr(`${path}/base/a b`, `trusted.overlay.${attribute}`, value);
      const expected = needsKernel(/"\.\/a\\040b"/, `"trusted.overlay.${attribute}"`);
      assert.throws(() => merged(`${path}/top`, `${path}/base`), expected);
      assert.throws(() => merged(`${path}/base`, `${path}/top`), expected);
    });
  }

  test('with metacopy of a file are left to the kernel: its content is elsewhere', () => {
    using scratch = scratchDirectory();
    writeFileSync(`${scratch.path}/file`, 'not it');
    setXattr(`${scratch.path}/file`, 'trusted.overlay.metacopy', '');
    assert.throws(() => merged(scratch.path), needsKernel(/"\.\/file"/, 'metacopy'));
  });

  test('may say at their roots that directories have attribute whiteouts: left to the kernel', () => {
    using scratch = scratchDirectory();
    setXattr(scratch.path, 'trusted.overlay.opaque', 'x');
    assert.throws(() => merged(scratch.path), needsKernel(/"\."/, 'opaque'));
  });

  test('may have attributes that change nothing', () => {
    using scratch = scratchDirectory();
    mkdirSync(`${scratch.path}/dir`);
    for (const name of [
      'origin',
      'impure',
      'nlink',
      'upper',
      'uuid',
      'protattr',
      'overlay.opaque',
    ]) {
      setXattr(`${scratch.path}/dir`, `trusted.overlay.${name}`, 'y');
    }
    assert.equal(merged(scratch.path).entries, 1);
  });
});
