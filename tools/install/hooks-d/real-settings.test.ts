import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { carryOut, type TreeOrder } from '#tools/install/driven.fixture';
import { makeTree, pictureOf } from '#tools/install/tree.fixture';
import { makeTestDirectory } from '#tools/program.fixture';

const scratch = makeTestDirectory('real-settings');
after(() => rmSync(scratch, { recursive: true }));

const USUAL = '/usr/share/containers/oci/hooks.d';
const SITE = '/etc/containers/oci/hooks.d';
const PODMAN = '/etc/containers/containers.conf';
const CRIO = '/etc/crio/crio.conf.d';

/** Files as people have them: where each is, and in which directory the hooks file belongs. */
const cases: readonly (readonly [file: string, path: string, directory: string])[] = [
  ['podman/coreos.conf', PODMAN, USUAL],
  ['podman/ansible-crlf.conf', PODMAN, USUAL],
  ['podman/nvidia.conf', PODMAN, USUAL],
  ['podman/appends.conf', `${PODMAN}.d/10-site.conf`, USUAL],
  ['podman/in-a-container.conf', PODMAN, USUAL],
  ['podman/inline.conf', PODMAN, '/var/lib/site-hooks'],
  ['crio/as-shipped.conf', '/etc/crio/crio.conf', USUAL],
  ['crio/openshift.conf', `${CRIO}/00-default`, SITE],
  ['crio/nvidia-ctk.conf', `${CRIO}/99-nvidia.conf`, USUAL],
  ['crio/minikube.conf', `${CRIO}/02-crio.conf`, USUAL],
];

function fileOf(name: string): string {
  return readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8');
}

describe('with settings as people have them', () => {
  const debian = '/usr/share/containers/containers.conf';
  const all = [
    ...cases.map(([name, path, directory]) => ({ name, path, directory, text: fileOf(name) })),
    // What Debian's package put on this machine.
    { name: 'podman/debian', path: debian, directory: USUAL, text: readFileSync(debian, 'utf8') },
  ];
  for (const { name, path, directory, text } of all) {
    test(`${name}: one file in ${directory}, and then all is as it was`, async () => {
      const [engine = ''] = name.split('/');
      const root = join(scratch, name);
      makeTree(root, { files: { [path]: text } });
      const before = pictureOf(root);
      const order = { engine, root, program: '/bin/true' } as const;
      const act = async (action: TreeOrder['action']): Promise<string> =>
        await carryOut({ ...order, action });
      await act('install');
      assert.ok(existsSync(join(root, directory, 'oci-measure.json')));
      assert.equal(readFileSync(join(root, path), 'utf8'), text);
      assert.equal(await act('install'), 'nothing to do\n');
      await act('uninstall');
      assert.deepEqual(pictureOf(root), before);
    });
  }
});
