import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mainFile, makeTestDirectory, nodeOptions, parseOutput, run } from './program.fixture.ts';

let home: string;
/** Two trees that differ in a mode, a link and a file, and their listings. */
let a: string;
let b: string;
let listingOfA: string;

before(async () => {
  home = makeTestDirectory('diff');
  [a, b] = [join(home, 'a'), join(home, 'b')];
  for (const tree of [a, b]) {
    mkdirSync(join(tree, 'etc'), { recursive: true });
    writeFileSync(join(tree, 'etc', 'hosts'), 'abc');
    symlinkSync('etc/hosts', join(tree, 'same'));
  }
  chmodSync(join(b, 'etc'), 0o700);
  symlinkSync('etc', join(a, 'link'));
  symlinkSync('/etc', join(b, 'link'));
  writeFileSync(join(b, 'etc', 'more\n'), '');
  listingOfA = join(home, 'a.listing');
  writeFileSync(listingOfA, (await run(['digest', a, '--listing'])).stdout);
});
after(() => rmSync(home, { recursive: true, force: true }));

describe('diff', () => {
  test('of a tree with itself, a copy or its listing is one line and exit code 0', async () => {
    const digest = (await run(['digest', a])).stdout;
    const copy = join(home, 'copy');
    execFileSync('cp', ['-a', a, copy]);
    for (const other of [a, copy, `listing:${listingOfA}`]) {
      const expected = { exitCode: 0, stdout: `equal: ${digest}`, stderr: '' };
      assert.deepEqual(await run(['diff', a, other]), expected, other);
    }
  });

  test('shows what differs, with exit code 1', async () => {
    const { exitCode, stdout, stderr } = await run(['diff', a, b]);
    assert.deepEqual([exitCode, stderr], [1, '']);
    assert.deepEqual(stdout.split('\n').slice(3), [
      'PATH            FIELD      A     B',
      './etc           mode       0755  0700',
      './etc/more\\012  only in B        file, 0 bytes',
      './link          link       etc   /etc',
      '',
      '2 paths differ, 1 only in B (1 × mode, 1 × link)',
      '',
    ]);
  });

  test('--json says what docs/schema/diff.json says', async () => {
    const { exitCode, stdout } = await run(['diff', `listing:${listingOfA}`, b, '--json']);
    assert.equal(exitCode, 1);
    assert.deepEqual(parseOutput('diff', stdout), {
      equal: false,
      a: { source: `listing:${listingOfA}`, digest: (await run(['digest', a])).stdout.trim() },
      b: { source: b, digest: (await run(['digest', b])).stdout.trim() },
      differences: [
        { path: './etc', in: 'both', fields: [{ field: 'mode', a: '0755', b: '0700' }] },
        {
          path: './etc/more\\012',
          in: 'b',
          fields: [
            { field: 'type', b: 'file' },
            { field: 'mode', b: '0644' },
            { field: 'uid', b: '0' },
            { field: 'gid', b: '0' },
            { field: 'size', b: '0' },
            {
              field: 'sha256digest',
              b: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
            },
          ],
        },
        { path: './link', in: 'both', fields: [{ field: 'link', a: 'etc', b: '/etc' }] },
      ],
    });
    const equal = await run(['diff', a, a, '--json']);
    assert.equal(equal.exitCode, 0);
    parseOutput('diff', equal.stdout);
  });

  test('differs in the lines that comm finds in the two listings', async () => {
    writeFileSync(join(home, 'b.listing'), (await run(['digest', b, '--listing'])).stdout);
    const script = `comm -3 <(sort "$1") <(sort "$2") | awk '{print $1}' | sort -u`;
    const paths = execFileSync('bash', ['-c', script, 'bash', listingOfA, join(home, 'b.listing')]);
    const { stdout } = await run(['diff', a, b, '--json']);
    const found = Array.from(stdout.matchAll(/"path": (".*")/g), ([, path = '']): unknown =>
      JSON.parse(path),
    );
    assert.deepEqual(new Set(found), new Set(String(paths).trim().split('\n')));
  });

  test('of what cannot be read is neither equal nor different: exit code 2, and which side it was', async () => {
    const writable = join(home, 'writable.listing');
    writeFileSync(writable, '#mtree writable-digest v1\n. type=dir\n');
    const refused = [
      '/nowhere',
      `listing:${writable}`,
      `listing:${a}`,
      `bundle:${a}`,
      'oci:/nowhere',
    ];
    for (const source of refused) {
      for (const sources of [
        [source, a],
        [a, source],
      ]) {
        const { exitCode, stdout, stderr } = await run(['diff', ...sources]);
        assert.deepEqual([exitCode, stdout], [2, ''], source);
        assert.ok(stderr.startsWith(`oci-measure: error: ${JSON.stringify(source)}: `), stderr);
      }
    }
  });
});

describe('digest listing:FILE', () => {
  test('is the digest of the tree that the listing was made of', async () => {
    const { stdout } = await run(['digest', a]);
    assert.equal((await run(['digest', `listing:${listingOfA}`])).stdout, stdout);
    const again = await run(['digest', `listing:${listingOfA}`, '--listing']);
    assert.equal(again.stdout, (await run(['digest', a, '--listing'])).stdout);
    const source = `listing:${listingOfA}`;
    assert.deepEqual(parseOutput('digest', (await run(['digest', source, '--json'])).stdout), {
      source,
      digest: stdout.trim(),
      entries: 4,
      bytes: 3,
      sockets: [],
      foreignMounts: [],
    });
  });

  test('reads a pipe, too', async () => {
    const words = [process.execPath, ...nodeOptions, mainFile, 'digest', 'listing:/dev/stdin'];
    const script = 'cat "$0" | "$@"';
    const stdout = execFileSync('bash', ['-c', script, listingOfA, ...words], { encoding: 'utf8' });
    assert.equal(stdout, (await run(['digest', a])).stdout);
  });

  test('what is no listing of a root filesystem has no digest', async () => {
    const cases = {
      'no listing': 'hello\n',
      'a writable layer': '#mtree writable-digest v1\n. type=dir\n',
      'not canonical': '#mtree rootfs-digest v1\n. type=dir\n./x type=fifo mode=644 uid=0 gid=0\n',
    };
    for (const [name, text] of Object.entries(cases)) {
      const path = join(home, name);
      writeFileSync(path, text);
      const { exitCode, stdout, stderr } = await run(['digest', `listing:${path}`]);
      assert.deepEqual([exitCode, stdout], [1, ''], name);
      assert.ok(
        stderr.startsWith(`oci-measure: error: ${JSON.stringify(path)}: expected `),
        stderr,
      );
    }
  });

  test('a listing without an end is refused', async () => {
    const { exitCode, stderr } = await run(['digest', 'listing:/dev/zero']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /"\/dev\/zero": expected a listing of at most \d+ bytes, found more/);
  });
});
