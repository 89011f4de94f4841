import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { run } from './program.fixture.ts';

describe('oci-measure install and uninstall', () => {
  for (const command of ['install', 'uninstall']) {
    test(`${command} names what there is, when it is asked for something else`, async () => {
      const { exitCode, stdout, stderr } = await run([command, 'imma']);
      assert.deepEqual([exitCode, stdout], [2, '']);
      assert.equal(
        stderr,
        'oci-measure: error: unknown engine "imma"\noci-measure: hint: known: ima, podman, crio, containerd, docker\n',
      );
    });

    test(`${command} is for root`, async () => {
      const { exitCode, stdout, stderr } = await run([command, 'ima', '--dry-run'], {
        asNobody: true,
      });
      assert.deepEqual([exitCode, stdout], [1, '']);
      assert.match(stderr, /^oci-measure: error: expected to be run by root, found user \d+\n$/);
    });
  }

  const hasIma = existsSync('/sys/kernel/security/ima') && 'this kernel has IMA';
  test('install ima says that a kernel has no IMA', { skip: hasIma }, async () => {
    const { exitCode, stderr } = await run(['install', 'ima', '--dry-run']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^oci-measure: error: this kernel has no IMA\noci-measure: hint: .+\n$/);
  });

  for (const [args, message] of [
    [['podman', '--load'], '--partition and --load are of `install ima`'],
    [['ima', '--root', '/mnt'], '--root, --restart and --force are of container engines'],
    [['crio', '--root', '/mnt', '--restart'], 'nothing runs below --root'],
    [['podman', '--root', '/mnt', '--config', 'x.toml'], '--config takes an absolute path'],
  ] as const) {
    test(`install ${args.join(' ')} makes no sense`, async () => {
      const { exitCode, stdout, stderr } = await run(['install', ...args]);
      assert.deepEqual([exitCode, stdout], [2, '']);
      assert.ok(stderr.includes(message), stderr);
    });
  }

  test('install says that sources are nothing that could be installed', async () => {
    const { exitCode, stderr } = await run(['install', 'podman', '--root', '/nowhere', '--force']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /expected one executable to install, found sources/);
  });

  test('a configuration that is wrong is told, not passed over', async () => {
    for (const command of ['install', 'uninstall']) {
      const { exitCode, stderr } = await run([command, 'ima', '--config', '/nowhere.toml']);
      assert.equal(exitCode, 1);
      assert.match(
        stderr,
        /^oci-measure: error: the configuration "\/nowhere\.toml" is not there\n$/,
      );
    }
  });
});
