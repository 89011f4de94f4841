import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { applyChange } from '#tools/install/file-change';
import { hookCommand } from '#tools/install/hook-command';
import { hostAt } from '#tools/install/host';
import { CDI_DEVICE, cdi, cdiText } from './cdi.ts';
import { docker } from './docker.ts';

const PARENT = '/var/lib/oci-measure-test';
const FILE = '/etc/cdi/oci-measure.json';
const OPTIONS = {
  config: undefined,
  timeout: 100,
  executable: '/usr/libexec/oci/hooks.d/oci-measure',
};

/**
 * The members that the CDI specification (SPEC.md, "CDI JSON Specification") has, as far as they are of a device with hooks. Readers refuse others
 * (pkg/cdi/spec.go, ParseSpec: UnmarshalStrict).
 */
const text = { type: 'string', minLength: 1 };
const texts = { type: 'array', items: { type: 'string' } };
const annotations = { type: 'object', additionalProperties: { type: 'string' } };
const hook = strict(['hookName', 'path'], {
  hookName: text,
  path: { type: 'string', pattern: '^/' },
  args: texts,
  env: { type: 'array', items: { type: 'string', pattern: '^[^=]+=' } },
  timeout: { type: 'integer', minimum: 0 },
});
const edits = strict([], { hooks: { type: 'array', items: hook, minItems: 1 } });
const deviceEntry = strict(['name', 'containerEdits'], {
  name: text,
  annotations,
  containerEdits: edits,
});
const SPEC = strict(['cdiVersion', 'kind', 'devices'], {
  cdiVersion: { type: 'string', pattern: String.raw`^\d+\.\d+\.\d+$` },
  kind: text,
  annotations,
  devices: { type: 'array', items: deviceEntry, minItems: 1 },
  containerEdits: edits,
});

function strict(required: readonly string[], properties: object): object {
  return { type: 'object', additionalProperties: false, required, properties };
}

describe("the CDI file is what CDI's own checks take:", () => {
  const spec = JSON.parse(cdiText(OPTIONS));

  test('the members that there are, and no others', () => {
    const validate = new Ajv().compile(SPEC);
    assert.ok(validate(spec), JSON.stringify(validate.errors));
  });

  test('the names of vendor, class and device', () => {
    // pkg/parser/parser.go, ValidateVendorName, ValidateClassName and ValidateDeviceName.
    const [, vendor = '', name = '', device = ''] =
      /^([^/]+)\/([^=]+)=(.+)$/.exec(CDI_DEVICE) ?? [];
    assert.match(vendor, /^[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]$/);
    assert.match(name, /^[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]$/);
    assert.match(device, /^[A-Za-z0-9][A-Za-z0-9_.:-]*[A-Za-z0-9]$/);
    assert.equal(spec.kind, `${vendor}/${name}`);
    assert.deepEqual(
      spec.devices.map((each: { name: string }) => each.name),
      [device],
    );
  });

  test('a hook name, and a version that has all that is used', () => {
    // pkg/cdi/version.go, MinimumRequiredVersion: nothing in it needs more.
    assert.equal(spec.cdiVersion, '0.3.0');
    const [{ containerEdits }] = spec.devices;
    assert.deepEqual(containerEdits.hooks, [
      { hookName: 'createRuntime', ...hookCommand(OPTIONS) },
    ]);
  });
});

describe('the CDI file', () => {
  let root = '';
  before(() => {
    mkdirSync(PARENT, { recursive: true });
    root = mkdtempSync(`${PARENT}/cdi-`);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  test('is installed alone, and removed with what else Docker has', async () => {
    const host = hostAt(root);
    const { changes, notes } = await cdi.install(host, OPTIONS);
    assert.deepEqual(
      changes.map(({ path }) => path),
      [root + FILE],
    );
    assert.match(notes.join('\n'), /--device oci-measure\/container=measured/);
    for (const change of changes) applyChange(change);
    const removal = await docker.uninstall(host, []);
    for (const change of removal.changes) applyChange(change);
    assert.deepEqual((await cdi.uninstall(host, [])).changes, []);
  });

  test("that is somebody else's is left alone", async () => {
    const host = hostAt(root);
    mkdirSync(`${root}/etc/cdi`, { recursive: true });
    writeFileSync(root + FILE, '{}');
    await assert.rejects(cdi.install(host, OPTIONS), { code: 'install' });
    assert.deepEqual((await cdi.uninstall(host, [])).changes, []);
  });
});
