import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeLayout, tarOf } from './layout.fixture.ts';
import { makeTestDirectory, parseOutput, run } from './program.fixture.ts';

let home: string;
/** A tree as containers of the image `v2` see it. */
let rootfs: string;
/** `v1`: the first layer, `v2`: both. */
let layout: string;
/** Its second layer has a file in a directory that it does not describe: containerd takes the directory's mode from below. */
let ambiguous: string;
let digest: string;

before(async () => {
  home = makeTestDirectory('image');
  rootfs = join(home, 'rootfs');
  layout = join(home, 'layout');
  ambiguous = join(home, 'ambiguous');
  const base = makeDirectory('base', { 'etc/hosts': 'abc', 'etc/gone': 'x', 'bin/sh': '#!' });
  const change = makeDirectory('change', { 'etc/.wh.gone': '', 'etc/motd': 'hello' });
  makeDirectory('rootfs', { 'etc/hosts': 'abc', 'bin/sh': '#!', 'etc/motd': 'hello' });
  for (const directory of [base, rootfs]) symlinkSync('bin/sh', join(directory, 'link'));
  const [first, second] = [tarOf(base), tarOf(change)];
  makeLayout(layout, [
    { name: 'v1', layers: [first] },
    { name: 'v2', layers: [first, second] },
  ]);
  const both = makeDirectory('implied', { 'd/one': '1', 'd/two': '2' });
  chmodSync(join(both, 'd'), 0o700);
  makeLayout(ambiguous, [{ layers: [tarOf(both, './d/one', './d'), tarOf(both, './d/two')] }]);
  digest = (await run(['digest', rootfs])).stdout;
});
after(() => rmSync(home, { recursive: true, force: true }));

function makeDirectory(name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(home, name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

describe('digest of an image', () => {
  test('is the digest of the tree that its containers see, and so is its listing', async () => {
    const source = `oci:${layout}:v2`;
    assert.deepEqual(await run(['digest', source]), { exitCode: 0, stdout: digest, stderr: '' });
    const { stdout } = await run(['digest', source, '--listing']);
    assert.equal(stdout, (await run(['digest', rootfs, '--listing'])).stdout);
  });

  test('from an oci-archive, compressed or not, is the same', async () => {
    const archive = join(home, 'archive:1.tar');
    execFileSync('tar', ['-C', layout, '-cf', archive, '--force-local', '.']);
    execFileSync('gzip', ['-k', archive]);
    for (const path of [archive, `${archive}.gz`]) {
      const source = `oci-archive:${path.replaceAll(':', '\\:')}:v2`;
      assert.deepEqual(await run(['digest', source]), { exitCode: 0, stdout: digest, stderr: '' });
    }
  });

  test('needs no root', async () => {
    execFileSync('chmod', ['-R', 'a+rX', home]);
    const { stdout } = await run(['digest', `oci:${layout}:v2`], { asNobody: true });
    assert.equal(stdout, digest);
  });

  test('--json says what docs/schema/digest.json says', async () => {
    const { stdout } = await run(['digest', `oci:${layout}:v2`, '--json']);
    const { image, ...rest } = asRecord(parseOutput('digest', stdout));
    assert.deepEqual(rest, {
      source: `oci:${layout}:v2`,
      digest: digest.trim(),
      entries: 6,
      bytes: 10,
      sockets: [],
      foreignMounts: [],
      portable: true,
      disagreements: [],
      disagreementCount: 0,
      sequential: {},
    });
    const { platform, layers } = asRecord(image);
    assert.deepEqual([platform, layers], ['linux/amd64', 2]);
  });

  test('of several platforms is that of the one asked for', async () => {
    const both = join(home, 'platforms');
    makeLayout(both, [
      { layers: [tarOf(rootfs)], architecture: 'riscv64' },
      { layers: [tarOf(join(home, 'base'))], architecture: 's390x' },
    ]);
    const { stdout } = await run(['digest', `oci:${both}`, '--platform', 'linux/riscv64']);
    assert.equal(stdout, digest);
    const { exitCode, stderr } = await run(['digest', `oci:${both}`, '--platform', 'linux/arm/v6']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /linux\/arm\/v6/);
  });

  test('that is not there is told in one line', async () => {
    for (const source of [
      `oci:${layout}:v3`,
      `oci:${home}`,
      'oci:/nowhere',
      'oci-archive:/etc/passwd',
    ]) {
      const { exitCode, stdout, stderr } = await run(['digest', source]);
      assert.deepEqual([exitCode, stdout], [1, ''], source);
      assert.match(stderr, /^oci-measure: error: [^\n]+\n$/, source);
    }
  });
});

describe('an image that engines unpack differently', () => {
  test('has no digest, and what to do is said after what each engine shows', async () => {
    const { exitCode, stdout, stderr } = await run(['digest', `oci:${ambiguous}`]);
    assert.deepEqual([exitCode, stdout], [1, '']);
    assert.deepEqual(stderr.split('\n'), [
      'oci-measure: error: engines unpack this image differently',
      '  ./d',
      '    containerd: type=dir mode=0700 uid=0 gid=0',
      '    docker, podman: type=dir mode=0755 uid=0 gid=0',
      'oci-measure: hint: say whose containers you mean: --semantics containerd, docker or podman',
      '',
    ]);
  });

  test('is said not to be portable by --json, and where, without a digest', async () => {
    const source = `oci:${ambiguous}`;
    const { exitCode, stdout, stderr } = await run(['digest', source, '--json']);
    const answer = (octal: string) => `./d type=dir mode=${octal} uid=0 gid=0`;
    const [containerd, docker] = [answer('0700'), answer('0755')];
    assert.deepEqual(parseOutput('digest', stdout), {
      source,
      portable: false,
      disagreementCount: 1,
      disagreements: [{ path: './d', answers: { containerd, docker, podman: docker } }],
    });
    assert.deepEqual([exitCode, stderr], [1, (await run(['digest', source])).stderr]);
  });

  test('has the digest of the engine that is asked for, with a warning', async () => {
    const implied = join(home, 'implied');
    for (const [engine, mode] of [
      ['containerd', 0o700],
      ['docker', 0o755],
      ['podman', 0o755],
    ] as const) {
      chmodSync(join(implied, 'd'), mode);
      const args = ['digest', `oci:${ambiguous}`, '--semantics', engine];
      const { exitCode, stdout, stderr } = await run(args);
      assert.deepEqual([exitCode, stdout], [0, (await run(['digest', implied])).stdout]);
      assert.equal(
        stderr,
        `oci-measure: warning: engines unpack this image differently: this is what ${engine} shows\n`,
      );
      const json = asRecord(parseOutput('digest', (await run([...args, '--json'])).stdout));
      const { portable, semantics, disagreements } = json;
      assert.deepEqual([portable, semantics, json['digest']], [false, engine, stdout.trim()]);
      const answer = (octal: string) => `./d type=dir mode=${octal} uid=0 gid=0`;
      const [containerd, docker] = [answer('0700'), answer('0755')];
      assert.deepEqual(disagreements, [
        { path: './d', answers: { containerd, docker, podman: docker } },
      ]);
    }
  });

  test('is neither equal nor different, until it is said whose answer counts', async () => {
    const sources = [`oci:${ambiguous}`, join(home, 'implied')];
    const { exitCode, stdout, stderr } = await run(['diff', ...sources]);
    assert.deepEqual([exitCode, stdout], [2, '']);
    assert.match(stderr, /hint: .*--semantics/);
    chmodSync(join(home, 'implied', 'd'), 0o755);
    assert.equal((await run(['diff', ...sources, '--semantics', 'docker'])).exitCode, 0);
    assert.equal((await run(['diff', ...sources, '--semantics', 'containerd'])).exitCode, 1);
  });
});

describe('diff of images', () => {
  test('shows what a layer changes', async () => {
    const { exitCode, stdout } = await run(['diff', `oci:${layout}:v1`, `oci:${layout}:v2`]);
    assert.equal(exitCode, 1);
    assert.deepEqual(stdout.split('\n').slice(3), [
      'PATH        FIELD      A             B',
      './etc/gone  only in A  file, 1 byte',
      './etc/motd  only in B                file, 5 bytes',
      '',
      '1 only in A, 1 only in B',
      '',
    ]);
  });

  test('finds a directory equal to its image', async () => {
    const { exitCode, stdout } = await run(['diff', `oci:${layout}:v2`, rootfs]);
    assert.deepEqual([exitCode, stdout], [0, `equal: ${digest}`]);
  });
});

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  assert.ok(typeof value === 'object' && value !== null);
  return { ...value };
}
