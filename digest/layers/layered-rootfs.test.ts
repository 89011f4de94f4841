import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DigestError } from '#digest/errors';
import { encodeEntry } from '#digest/listing';
import type { Semantics } from '#digest/semantics';
import {
  characterDevice,
  directory,
  entryOf,
  file,
  hardLink,
  layerOf,
  link,
} from './layer.fixture.ts';
import type { Layer } from './layer.ts';
import { AmbiguityError, digestLayers } from './layered-rootfs.ts';

function linesOf(layers: readonly Layer[], semantics?: Semantics): string[] {
  return digestLayers(layers, semantics).entries.map((entry) => encodeEntry(entry).trimEnd());
}

const pathsOf = (layers: readonly Layer[], semantics?: Semantics): string[] =>
  digestLayers(layers, semantics).entries.map(({ path }) => path);

const isRefused = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof DigestError && error.code === code && pattern.test(error.message);

const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
const withCapability = { xattrs: [{ name: 'security.capability', value: capability }] };

function aclOf(...entries: readonly (readonly [tag: number, permissions: number, id?: number])[]) {
  const value = Buffer.alloc(4 + entries.length * 8);
  value.writeUInt32LE(2);
  for (const [i, [tag, permissions, id = 0xffffffff]] of entries.entries()) {
    value.writeUInt16LE(tag, 4 + i * 8);
    value.writeUInt16LE(permissions, 6 + i * 8);
    value.writeUInt32LE(id, 8 + i * 8);
  }
  return value;
}

describe('an image that engines show differently', () => {
  const image = [layerOf(directory('a', 0o700), file('a/x', '1')), layerOf(file('a/y', '2'))];

  test('is refused with each path and each engine’s answer, and has no digest', () => {
    assert.throws(
      () => digestLayers(image),
      (error) => {
        assert.ok(error instanceof AmbiguityError);
        assert.equal(error.code, 'ambiguous');
        assert.match(error.message, /^engines show different files of this image: "\.\/a" \(/);
        assert.match(error.message, /mode=0700.*mode=0755/);
        const [disagreement, ...more] = error.disagreements;
        assert.deepEqual(more, []);
        assert.equal(disagreement?.path, 'a');
        assert.deepEqual(Object.fromEntries(disagreement.answers), {
          containerd: './a type=dir mode=0700 uid=0 gid=0',
          docker: './a type=dir mode=0755 uid=0 gid=0',
          podman: './a type=dir mode=0755 uid=0 gid=0',
        });
        return true;
      },
    );
  });

  test('has the digest of the engine that is chosen, and is not portable', () => {
    const containerd = digestLayers(image, 'containerd');
    const docker = digestLayers(image, 'docker');
    assert.notEqual(containerd.digest, docker.digest);
    assert.equal(digestLayers(image, 'podman').digest, docker.digest);
    assert.deepEqual([containerd.portable, docker.portable], [false, false]);
    assert.equal(containerd.disagreements.length, 1);
  });

  test('is refused alike if one engine alone refuses it', () => {
    const climbing = [layerOf(file('../x', '1'))];
    assert.throws(
      () => digestLayers(climbing),
      isRefused('ambiguous', /docker "refused: a name above the root"/),
    );
    assert.throws(() => digestLayers(climbing, 'docker'), isRefused('layer', /^docker refuses/));
    assert.deepEqual(pathsOf(climbing, 'podman'), ['x']);
    const { disagreements } = digestLayers(climbing, 'podman');
    assert.equal(disagreements[0]?.path, 'x');
    assert.match(disagreements[0].answers.get('docker') ?? '', /^refused: a name above the root/);
    assert.match(disagreements[0].answers.get('podman') ?? '', /^\.\/x type=file/);
  });

  test('names no more than three paths in its message', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const many = [
      layerOf(...names.map((name) => directory(name, 0o700))),
      layerOf(...names.map((name) => file(`${name}/x`))),
    ];
    assert.throws(() => digestLayers(many), isRefused('ambiguous', /"\.\/c" .* and 2 more$/));
  });
});

describe('an image of which engines show very much differently', () => {
  const names = Array.from({ length: 12_000 }, (_, i) => `d${i}`);
  const image = [
    layerOf(...names.map((name) => directory(name, 0o700))),
    layerOf(...names.map((name) => file(`${name}/x`))),
  ];

  test('has the first 10,000 paths told, and all counted', () => {
    const { disagreements, disagreementCount } = digestLayers(image, 'podman');
    assert.deepEqual([disagreements.length, disagreementCount], [10_000, 12_000]);
    const paths = disagreements.map(({ path }) => path);
    assert.deepEqual(paths, names.toSorted().slice(0, 10_000));
    assert.throws(
      () => digestLayers(image),
      isRefused('ambiguous', /"\.\/d10" .* and 11997 more$/),
    );
  });
});

describe('an image that no engine unpacks', () => {
  test('is an error of its layer, with the path and the reason', () => {
    const image = [layerOf(hardLink('g', 'missing'))];
    const message = /^no engine unpacks "\.\/g": a hard link to what cannot be found/;
    assert.throws(() => digestLayers(image), isRefused('layer', message));
    assert.throws(() => digestLayers(image, 'podman'), isRefused('layer', /^podman refuses/));
  });

  test('holds links in a circle on a path', () => {
    const image = [layerOf(link('a', 'b'), link('b', 'a'), file('a/x'))];
    assert.throws(() => digestLayers(image), isRefused('layer', /too many links/));
  });

  test('holds a directory that the layer has removed again', () => {
    const image = [layerOf(directory('a'), directory('a/b'), file('a'))];
    assert.throws(() => digestLayers(image), isRefused('layer', /has removed again/));
  });

  test('holds types that no engine knows', () => {
    for (const typeFlag of ['7', 'S', 'V', 's', 'Z']) {
      const image = [layerOf(entryOf(typeFlag, 'x'))];
      assert.throws(() => digestLayers(image), isRefused('layer', /of type/), typeFlag);
    }
  });
});

describe('layers', () => {
  test('of no entries, or none at all, are the empty tree', () => {
    const empty = 'sha256:c7a76ff48a1fa65630c1565031ff71cfb309de73832aca4103b4e249a7d84e3a';
    assert.equal(digestLayers([]).digest, empty);
    assert.equal(digestLayers([layerOf(), layerOf()]).digest, empty);
    assert.equal(digestLayers([]).portable, true);
  });

  test('count each name’s bytes', () => {
    const image = [layerOf(file('a', 'four'), hardLink('b', 'a')), layerOf(file('c', 'x'))];
    assert.equal(digestLayers(image).fileBytes, 9);
  });

  test('stop at a whiteout, so that a directory made anew above it is only what is new', () => {
    const image = [
      layerOf(directory('d'), file('d/old')),
      layerOf(file('.wh.d')),
      layerOf(directory('d'), file('d/new')),
    ];
    assert.deepEqual(pathsOf(image), ['d', 'd/new']);
  });

  test('do not hide by a directory in the place of their own whiteout', () => {
    const image = [
      layerOf(directory('d'), file('d/old')),
      layerOf(file('.wh.d'), directory('d'), file('d/new')),
    ];
    assert.deepEqual(pathsOf(image), ['d', 'd/new', 'd/old']);
  });

  test('hide by a character device 0:0, also by its truncated numbers', () => {
    for (const device of [characterDevice('f', 0, 0), characterDevice('f', 0x1000, 0x100000)]) {
      assert.deepEqual(pathsOf([layerOf(file('f')), layerOf(device)]), []);
    }
  });

  test('are shown by an opaque root', () => {
    const image = [layerOf(file('a')), layerOf(file('.wh..wh..opq'), file('b'))];
    assert.deepEqual(pathsOf(image), ['a', 'b']);
    const { sequential } = digestLayers(image);
    assert.deepEqual([...sequential.keys()], ['containerd', 'docker', 'podman']);
  });

  test('are told apart where engines unpack them into one directory only if that shows something else', () => {
    const image = [layerOf(directory('d'), file('d/a')), layerOf(file('d/.wh.a'), directory('d'))];
    assert.equal(digestLayers(image).sequential.size, 0);
    const linked = [layerOf(file('a')), layerOf(hardLink('b', 'a'))];
    assert.throws(() => digestLayers(linked), isRefused('layer', /hard link/));
  });
});

describe('attributes', () => {
  test('of a hard link’s entry count for every name of the inode', () => {
    const image = [layerOf(file('f', '', withCapability), hardLink('g', 'f', { mode: 0o4755 }))];
    // lchown(2) takes the capability, and only f's entry had set it.
    assert.deepEqual(
      linesOf(image).map((line) => line.replace(/ size.*/, '')),
      ['./f type=file mode=4755 uid=0 gid=0', './g type=file mode=4755 uid=0 gid=0'],
    );
  });

  test('that grant a capability stay on the name that has them', () => {
    const more = { ...withCapability, mode: 0o4755 };
    const [line = ''] = linesOf([layerOf(file('f', '', more))]);
    assert.match(line, /mode=4755.*\n#xattr security\.capability=AQAAAgAE/s);
  });

  test('of −1 leave the group of a set-group-ID directory', () => {
    const nobody = { uid: 0xffffffff, gid: 0xffffffff };
    const image = [layerOf(directory('d', 0o2755, { gid: 50 }), file('d/f', '', nobody))];
    assert.match(linesOf(image)[1] ?? '', /uid=0 gid=50/);
  });

  test('come from a default ACL of the directory', () => {
    const value = aclOf([1, 7], [2, 5, 7], [4, 5], [0x10, 7], [0x20, 5]);
    const acl = { xattrs: [{ name: 'system.posix_acl_default', value }] };
    const image = [layerOf(directory('d', 0o755, acl), file('d/f'), directory('d/e', 0o700))];
    const lines = digestLayers(image).entries.map(({ path, xattrs }) =>
      [path, ...xattrs.map(({ name }) => name)].join(' '),
    );
    assert.deepEqual(lines, [
      'd system.posix_acl_default',
      'd/e system.posix_acl_access system.posix_acl_default',
      'd/f system.posix_acl_access',
    ]);
    const inherited = aclOf([1, 6], [2, 5, 7], [4, 5], [0x10, 4], [0x20, 4]);
    assert.match(linesOf(image)[2] ?? '', new RegExp(RegExp.escape(inherited.toString('base64'))));
  });

  test('are refused that the kernel does not take', () => {
    const broken = [
      ['security.capability', capability.subarray(1)],
      ['security.capability', Buffer.from(capability.toString('hex').replace('02', '01'), 'hex')],
      ['system.posix_acl_access', aclOf([1, 7], [4, 7])],
      ['user.', Buffer.from('x')],
      [`user.${'x'.repeat(251)}`, Buffer.from('x')],
      ['user.x', Buffer.alloc(65_537)],
    ] as const;
    for (const [name, value] of broken) {
      const image = [layerOf(file('f', '', { xattrs: [{ name, value }] }))];
      assert.throws(() => digestLayers(image), isRefused('layer', /cannot be set/), name);
    }
  });

  test('of overlayfs are dropped by containerd and an attack elsewhere', () => {
    const xattrs = [{ name: 'trusted.overlay.redirect', value: Buffer.from('/etc') }];
    const image = [layerOf(directory('d', 0o755, { xattrs }))];
    assert.throws(() => digestLayers(image), isRefused('ambiguous', /an attack/));
    assert.deepEqual(pathsOf(image, 'containerd'), ['d']);
    for (const semantics of ['docker', 'podman'] as const) {
      assert.throws(() => digestLayers(image, semantics), isRefused('layer', /an attack/));
    }
  });
});
