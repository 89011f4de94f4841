import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { baseSpecPath, fromDefault, fromSite, hookIn } from './base-spec.ts';
import { DEFAULT_SPEC } from './default-spec.ts';

const hook = {
  path: '/usr/libexec/oci/hooks.d/oci-measure',
  args: ['oci-measure', 'hook', 'createRuntime'],
  env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
  timeout: 100,
};

describe('a base spec', () => {
  test('is what ctr says, without its limits and with the hook', async () => {
    const { stdout } = await execa('ctr', ['oci', 'spec']);
    const wanted = JSON.parse(stdout);
    assert.equal(wanted.process.rlimits[0].soft, 1024);
    delete wanted.process.rlimits;
    wanted.hooks = { createRuntime: [hook] };
    assert.deepEqual(JSON.parse(fromDefault(stdout, hook)), wanted);
  });

  test("keeps the site's limits, hooks, order and numbers", () => {
    const text = `{
\t"process": {"rlimits": [{"type": "RLIMIT_AS", "hard": 18446744073709551615, "soft": 9007199254740993}]},
\t"hooks": {"createRuntime": [{"path": "/theirs"}], "poststop": [{"path": "/last"}]},
\t"unknown": 1.0
}
`;
    const made = fromSite(text, '/site.json', hook);
    for (const kept of ['18446744073709551615', '9007199254740993', '1.0\n}\n']) {
      assert.ok(made.includes(kept), kept);
    }
    const { hooks } = JSON.parse(made);
    const createRuntime = [{ path: '/theirs' }, hook];
    assert.deepEqual(hooks, { createRuntime, poststop: [{ path: '/last' }] });
  });

  test('has the hook once, as it was asked for last', () => {
    const once = fromSite('{}', '/site.json', hook);
    const other = { ...hook, timeout: 30 };
    const again = fromSite(once, '/site.json', other);
    assert.deepEqual(JSON.parse(again), { hooks: { createRuntime: [other] } });
    assert.deepEqual(hookIn(again), other);
    assert.equal(fromSite(again, '/site.json', other), again);
  });

  test('of another machine has what containerd needs', () => {
    const { process, mounts, linux } = JSON.parse(fromDefault(DEFAULT_SPEC, hook));
    assert.equal(process.rlimits, undefined);
    assert.ok(process.capabilities.bounding.length > 10);
    assert.ok(mounts.some(({ destination }: { destination: string }) => destination === '/proc'));
    assert.ok(linux.maskedPaths.includes('/proc/kcore'));
  });

  for (const [what, text] of [
    ['no JSON', '{'],
    ['comments', '{} // no'],
    ['an array', '[]'],
    ['hooks of no kind', '{"hooks": null}'],
    ['a hook that is no list', '{"hooks": {"createRuntime": {"path": "/x"}}}'],
    ['a name twice', '{"hooks": {}, "process": {"cwd": "/", "cwd": "/x"}}'],
  ] as const) {
    test(`that is ${what} is refused`, () => {
      assert.throws(() => fromSite(text, '/site.json', hook), /^ToolError: .*"\/site\.json"/);
    });
  }

  test('has one name for each that it takes the place of', () => {
    assert.equal(baseSpecPath(undefined), '/etc/containerd/oci-measure-base-spec.json');
    const [one, two] = ['/a.json', '/b.json'].map(baseSpecPath);
    assert.match(one ?? '', /^\/etc\/containerd\/oci-measure-base-spec-[0-9a-f]{12}\.json$/);
    assert.notEqual(one, two);
  });
});
