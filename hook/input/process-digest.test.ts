import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import type { Process } from '#hook/oci/spec.generated';
import { loaderVariables } from './loader-variables.ts';
import { envDigest, processDigest } from './process-digest.ts';

const process: Process = {
  args: ['redis-server', '--port', '6379'],
  cwd: '/data',
  user: { uid: 999, gid: 999, additionalGids: [999, 10] },
  capabilities: { bounding: ['CAP_CHOWN', 'CAP_AUDIT_WRITE'], effective: ['CAP_CHOWN'] },
  noNewPrivileges: true,
  apparmorProfile: 'docker-default',
};

/** What sha256sum(1) says of a text. */
function sha256sum(text: string): string {
  const line = execFileSync('sha256sum', { input: Buffer.from(text), encoding: 'latin1' });
  return `sha256:${line.slice(0, 64)}`;
}

describe('processDigest', () => {
  test('it can be recomputed by hand', () => {
    const canonical =
      '{"apparmorProfile":"docker-default","args":["redis-server","--port","6379"],' +
      '"capabilities":{"bounding":["CAP_AUDIT_WRITE","CAP_CHOWN"],"effective":["CAP_CHOWN"]},' +
      '"cwd":"/data","noNewPrivileges":true,' +
      '"user":{"additionalGids":[10,999],"gid":999,"uid":999}}';
    assert.equal(processDigest(process), sha256sum(canonical));
  });

  test('what an engine leaves out and what it writes as the default are the same', () => {
    const written: Process = {
      args: [],
      cwd: '/',
      user: { uid: 0, gid: 0, additionalGids: [], username: '' },
      noNewPrivileges: false,
      apparmorProfile: '',
      selinuxLabel: '',
    };
    assert.equal(processDigest(written), processDigest({ cwd: '/' }));
    assert.equal(
      processDigest({ cwd: '/' }),
      sha256sum('{"args":[],"cwd":"/","noNewPrivileges":false,"user":{"gid":0,"uid":0}}'),
    );
  });

  test('the order and repetition of capabilities and groups make no difference', () => {
    const other: Process = {
      ...process,
      user: { uid: 999, gid: 999, additionalGids: [10, 999, 10] },
      capabilities: {
        effective: ['CAP_CHOWN'],
        bounding: ['CAP_AUDIT_WRITE', 'CAP_CHOWN'],
        ambient: [],
      },
    };
    assert.equal(processDigest(other), processDigest(process));
  });

  const changes: readonly [string, Partial<Process>][] = [
    ['an argument', { args: ['redis-server', '--port', '6380'] }],
    ['where one argument ends', { args: ['redis-server', '--port 6379'] }],
    ['the order of arguments', { args: ['redis-server', '6379', '--port'] }],
    ['the directory', { cwd: '/' }],
    ['the user', { user: { ...process.user, uid: 0 } }],
    ['the group', { user: { ...process.user, gid: 0 } }],
    ['a further group', { user: { ...process.user, additionalGids: [999] } }],
    ['the umask', { user: { ...process.user, umask: 0 } }],
    ['the user’s name', { user: { ...process.user, username: 'redis' } }],
    ['a capability', { capabilities: { bounding: ['CAP_CHOWN'], effective: ['CAP_CHOWN'] } }],
    [
      'the set a capability is in',
      { capabilities: { bounding: ['CAP_CHOWN', 'CAP_AUDIT_WRITE'], ambient: ['CAP_CHOWN'] } },
    ],
    ['no new privileges', { noNewPrivileges: false }],
    ['the AppArmor profile', { apparmorProfile: 'unconfined' }],
    ['the SELinux label', { selinuxLabel: 'system_u:system_r:spc_t:s0' }],
  ];
  for (const [title, change] of changes) {
    test(`${title} changes it`, () => {
      assert.notEqual(processDigest({ ...process, ...change }), processDigest(process));
    });
  }

  test('no capabilities at all are not empty capabilities: runtimes do different things', () => {
    assert.notEqual(processDigest({ cwd: '/', capabilities: {} }), processDigest({ cwd: '/' }));
  });
});

describe('envDigest', () => {
  test('it can be recomputed by hand', () => {
    const env = ['PATH=/bin', 'A="é"\n\u0001'];
    assert.equal(envDigest({ cwd: '/', env }), sha256sum('["PATH=/bin","A=\\"é\\"\\n\\u0001"]'));
    assert.equal(envDigest({ cwd: '/' }), sha256sum('[]'));
  });

  test('the order counts: of a name that is there twice, one wins', () => {
    const digest = envDigest({ cwd: '/', env: ['A=1', 'A=2'] });
    assert.notEqual(digest, envDigest({ cwd: '/', env: ['A=2', 'A=1'] }));
  });
});

describe('loaderVariables', () => {
  test('more than 64 KiB of them are refused, since they would fill the log', () => {
    const full = `LD_X=${'x'.repeat(65_531)}`;
    assert.deepEqual(loaderVariables([full]), [full]);
    assert.throws(() => loaderVariables([full, 'LD_Y=']), { name: 'HookError', code: 'bundle' });
  });

  test('what steers the loader is found, whole and in order', () => {
    const env = ['LD_PRELOAD=/a.so', 'LD_', 'GLIBC_TUNABLES=x=y', 'GCONV_PATH=/g', 'LD_X=a\nb'];
    assert.deepEqual(loaderVariables(['A=1', ...env, 'B=2']), env);
  });

  test('what only looks like it is not', () => {
    const env = [
      'OLD_PRELOAD=1',
      'ld_preload=1',
      'A=LD_PRELOAD=1',
      'A=\nLD_PRELOAD=1',
      'GCONV_PATHS=1',
      'LD=1',
      '',
    ];
    assert.deepEqual(loaderVariables(env), []);
  });
});
