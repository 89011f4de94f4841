/** The manifests as `kubectl apply -k` sends them. There is no cluster here: they are checked against the API's published types. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const directory = fileURLToPath(new URL('.', import.meta.url));

/** As kustomize does, YAML. */
async function build(overlay: string): Promise<string> {
  return await python([`${directory}overlay.py`, `${directory}${overlay}`], '');
}

/** Debian's, which has what the programs below import. */
async function python(args: readonly string[], input: string): Promise<string> {
  return (await execa('/usr/bin/python3', args, { input })).stdout;
}

async function documentsOf(yaml: string): Promise<readonly Document[]> {
  const script = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))';
  return JSON.parse(await python(['-c', script], yaml));
}

async function unknownFields(yaml: string): Promise<string> {
  return await python([`${directory}fields.py`], yaml);
}

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: DaemonSetSpec;
}

interface DaemonSetSpec {
  readonly selector: { readonly matchLabels: object };
  readonly updateStrategy: unknown;
  readonly template: {
    readonly metadata: { readonly labels: object };
    readonly spec: {
      readonly [name: string]: unknown;
      readonly containers: readonly [{ readonly args: readonly string[]; readonly image: string }];
    };
  };
}

async function daemonSetOf(overlay: string): Promise<DaemonSetSpec> {
  const documents = await documentsOf(await build(overlay));
  const found = documents.find(({ kind }) => kind === 'DaemonSet');
  assert.ok(found !== undefined);
  return found.spec;
}

const ARGS: Readonly<Record<string, readonly string[]>> = {
  look: ['node', 'install', 'containerd', '--dry-run'],
  install: ['node', 'install', 'containerd'],
  remove: ['node', 'uninstall', 'containerd'],
};

for (const [overlay, args] of Object.entries(ARGS)) {
  describe(overlay, () => {
    test('has no member that the API does not have, and each with its type', async () => {
      assert.equal(await unknownFields(await build(overlay)), '');
    });

    test(`runs ${args.join(' ')}`, async () => {
      const { containers } = (await daemonSetOf(overlay)).template.spec;
      assert.equal(containers.length, 1);
      assert.deepEqual(containers[0].args, args);
    });

    test('is the same DaemonSet, so that one never works against another', async () => {
      const documents = await documentsOf(await build(overlay));
      assert.deepEqual(
        documents.map(({ kind, metadata: { name, namespace } }) => [kind, name, namespace]),
        [
          ['Namespace', 'oci-measure', undefined],
          ['ServiceAccount', 'oci-measure', 'oci-measure'],
          ['DaemonSet', 'oci-measure', 'oci-measure'],
        ],
      );
    });
  });
}

test('a member that is misspelt would be told', async () => {
  const yaml = (await build('install')).replace('hostPID', 'hostPid');
  assert.match(await unknownFields(yaml), /no member 'hostPid'/);
});

test('every node has its turn, the control plane too, one after the other', async () => {
  const { updateStrategy, template, selector } = await daemonSetOf('install');
  assert.deepEqual(updateStrategy, {
    type: 'RollingUpdate',
    rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
  });
  assert.deepEqual(template.spec['tolerations'], [{ operator: 'Exists' }]);
  assert.deepEqual(template.metadata.labels, selector.matchLabels);
});

test('nothing may be done to the cluster', async () => {
  const documents = await documentsOf(await build('install'));
  assert.ok(documents.every(({ kind }) => !/Role/.test(kind)));
  const { template } = await daemonSetOf('install');
  assert.equal(template.spec['automountServiceAccountToken'], false);
});
