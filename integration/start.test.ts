import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { writeBundle } from './bundle.ts';
import { type Host, startHost } from './host.ts';
import { debianRootfs, program } from './program.ts';
import { assertReplays } from './replay-oracle.ts';
import { type RuntimeName, run, runContainer } from './runtime.ts';

async function offlineDigest(directory: string): Promise<string> {
  const { stdout } = await run(program, ['digest', directory]);
  return stdout;
}

async function containers(host: Host) {
  return (await assertReplays(host)).filter(({ type }) => type === 'container');
}

for (const runtime of ['runc', 'crun'] as const satisfies RuntimeName[]) {
  describe(`a container started by ${runtime}`, () => {
    test('has the digest of its image in the PCR, in the log and beside its id', async () => {
      await using host = await startHost();
      const { exitCode, stderr } = await host.run(runtime, 'web', [debianRootfs]);
      assert.equal(exitCode, 0, stderr);
      const [record] = await containers(host);
      assert.equal(record?.['rootfs'], await offlineDigest(debianRootfs));
      assert.deepEqual(record?.['writable'], ['pristine']);
      const { stdout } = await host.oci('containers', 'web', '--json');
      assert.ok(stdout.includes(record['rootfs']));
    });

    for (const stage of ['createRuntime', 'prestart'] as const) {
      test(`is measured at ${stage}`, async () => {
        await using host = await startHost();
        const hooks = { [stage]: [host.hookEntry(stage)] };
        assert.equal((await host.run(runtime, 'web', [debianRootfs], { hooks })).exitCode, 0);
        assert.equal((await containers(host)).length, 1);
      });
    }

    test('counts once when both stages call the hook, and twice when it is started twice', async () => {
      await using host = await startHost();
      const hooks = {
        prestart: [host.hookEntry('prestart')],
        createRuntime: [host.hookEntry('createRuntime')],
      };
      await host.run(runtime, 'web', [debianRootfs], { hooks });
      assert.equal((await containers(host)).length, 1);
      await host.run(runtime, 'web', [debianRootfs], { hooks });
      assert.equal((await containers(host)).length, 2);
    });

    for (const form of ['absolute', 'relative'] as const) {
      test(`is found by its root.path, ${form}`, async () => {
        await using host = await startHost();
        const bundle = form === 'relative' ? { rootPath: 'rootfs' } : {};
        const { exitCode, stderr } = await host.run(runtime, 'web', [debianRootfs], bundle);
        assert.equal(exitCode, 0, stderr);
        assert.equal((await containers(host))[0]?.['view'], 'overlay');
      });
    }

    test('does not start when it cannot be measured', async () => {
      await using host = await startHost();
      await host.tpm.kill();
      const { exitCode, stdout } = await host.run(runtime, 'web', [debianRootfs], {
        args: ['/bin/echo', 'started'],
      });
      assert.notEqual(exitCode, 0);
      assert.equal(stdout, '');
    });
  });
}

describe('the digest of a started container', () => {
  test('does not depend on how the files are spread over layers', async () => {
    await using host = await startHost();
    const [lower, upper] = [`${host.directory}/lower`, `${host.directory}/upper`];
    cpSync(`${debianRootfs}/etc`, `${lower}/etc`, { recursive: true, verbatimSymlinks: true });
    mkdirSync(`${upper}/etc`, { recursive: true });
    writeFileSync(`${upper}/etc/motd`, 'hello\n');
    // The same image in three layers and in two.
    await host.run('runc', 'three', [upper, lower, debianRootfs]);
    cpSync(`${upper}/etc/motd`, `${lower}/etc/motd`);
    await host.run('runc', 'two', [lower, debianRootfs]);
    const [three, two] = await containers(host);
    assert.equal(three?.['rootfs'], two?.['rootfs']);
  });

  test('changes when one byte of the image changes', async () => {
    await using host = await startHost();
    const layer = `${host.directory}/layer`;
    mkdirSync(`${layer}/etc`, { recursive: true });
    for (const [id, text] of [
      ['good', 'good\n'],
      ['evil', 'gooD\n'],
    ] as const) {
      writeFileSync(`${layer}/etc/motd`, text);
      await host.run('runc', id, [layer, debianRootfs]);
    }
    const [good, evil] = await containers(host);
    assert.notEqual(good?.['rootfs'], evil?.['rootfs']);
  });

  test('of a plain bundle directory is that of the tree without what the runtime made there', async () => {
    await using host = await startHost();
    const bundle = `${host.directory}/plain`;
    await run('cp', ['-a', debianRootfs, `${host.directory}/tree`]);
    for (const empty of ['proc', 'dev', 'sys']) {
      rmSync(`${host.directory}/tree/${empty}`, { recursive: true });
    }
    const before = await offlineDigest(`${host.directory}/tree`);
    writeBundle(bundle, {
      rootPath: '../tree'.replace('..', host.directory),
      hooks: { createRuntime: [host.hookEntry()] },
    });
    assert.equal((await runContainer('runc', 'plain', bundle)).exitCode, 0);
    const [record] = await containers(host);
    assert.equal(record?.['view'], 'merged');
    assert.deepEqual(record?.['pruned'], ['./dev', './proc']);
    assert.equal(record?.['rootfs'], before);
  });
});

test('the container map is gone with its file and back with the next start', async () => {
  await using host = await startHost();
  await host.run('runc', 'one', [debianRootfs]);
  rmSync(`${host.state}/containers`, { recursive: true });
  await host.run('runc', 'two', [debianRootfs]);
  const { stdout } = await host.oci('containers', '--json');
  assert.match(stdout, /"one"[^]*"two"/);
});
