/**
 * Makes the generated files beside it from `schema/`: types, compiled validators and member names for the parts of state and
 * config.json that are used.
 *
 *     node hook/oci/generate.ts            writes them
 *     node hook/oci/generate.ts --check    fails when they are not current
 */
import { join } from 'node:path';
import {
  checkEveryString,
  readSchemas,
  schemaFile,
  writeMembers,
  writeOrCheck,
  writeTypes,
  writeValidators,
  writeValidatorTypes,
} from '#digest/json/schema-code';
import {
  memberTree,
  type Parts,
  type SchemaFiles,
  selectParts,
  type Titles,
} from '#digest/json/schema-parts';

const everyHook: Parts = {
  prestart: { path: true },
  createRuntime: { path: true },
  createContainer: { path: true },
  startContainer: { path: true },
  poststart: { path: true },
  poststop: { path: true },
};

const configParts: Parts = {
  ociVersion: true,
  root: true,
  process: {
    args: true,
    cwd: true,
    env: true,
    user: true,
    capabilities: true,
    noNewPrivileges: true,
    apparmorProfile: true,
    selinuxLabel: true,
  },
  mounts: { destination: true, type: true, source: true, options: true },
  hooks: everyHook,
  annotations: true,
  linux: {
    namespaces: true,
    uidMappings: true,
    gidMappings: true,
    devices: true,
    // runc takes a seccomp without defaultAction for none.
    seccomp: { defaultAction: true },
  },
};

const configTitles: Titles = new Map([
  ['root', 'Root'],
  ['process', 'Process'],
  ['process.user', 'User'],
  ['process.capabilities', 'Capabilities'],
  ['mounts[]', 'Mount'],
  ['hooks', 'Hooks'],
  ['hooks.prestart[]', 'Hook'],
  ['linux', 'Linux'],
  ['linux.namespaces[]', 'Namespace'],
  ['linux.uidMappings[]', 'IDMapping'],
  ['linux.devices[]', 'Device'],
  ['linux.seccomp', 'Seccomp'],
]);

/** What runtimes and engines write differs from the schemas here. */
function acceptReality(files: SchemaFiles): void {
  const state = schemaFile(files, 'state-schema.json').properties ?? {};
  // crun's own member: root.path of config.json.
  state['root'] = { type: 'string' };
  // runtime.md, "State": additional values may be defined by the runtime.
  state['status'] = { type: 'string' };
  checkEveryString(files);
  const definitions = schemaFile(files, 'defs.json').definitions ?? {};
  // Docker and podman write a whole st_mode (S_IFCHR | 0666 is 8630).
  definitions['FileMode'] = { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 };
}

const folder = import.meta.dirname;
const files = readSchemas(join(folder, 'schema'));
acceptReality(files);
const place = (file: string) => ({ file, schema: schemaFile(files, file) });
const state = selectParts(files, place('state-schema.json'), true, new Map(), 'State');
const config = selectParts(files, place('config-schema.json'), configParts, configTitles, 'Spec');
const schemas = [state, config];
writeOrCheck({
  folder,
  from: 'the OCI runtime-spec 1.3.0 JSON schemas',
  sources: {
    'spec.generated.ts': await writeTypes(schemas),
    'validators.generated.js': writeValidators(schemas),
    'validators.generated.d.ts': writeValidatorTypes(schemas),
    'members.generated.ts': writeMembers({
      stateMembers: memberTree(files, place('state-schema.json')),
      configMembers: memberTree(files, place('config-schema.json')),
    }),
  },
});
