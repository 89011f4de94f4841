/**
 * Makes the generated files beside it from `schema/` and docker-archive.json: types, compiled validators and member names for the parts
 * of an image that are used.
 *
 *     node digest/images/oci/generate.ts            writes them
 *     node digest/images/oci/generate.ts --check    fails when they are not current
 */
import { join } from 'node:path';
import type { MemberTree } from '#digest/json/member-tree';
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
import { FOREIGN_TO_INDEX, FOREIGN_TO_MANIFEST } from './foreign-members.ts';

const descriptorParts: Parts = { mediaType: true, size: true, digest: true, annotations: true };

const indexParts: Parts = {
  schemaVersion: true,
  mediaType: true,
  manifests: {
    ...descriptorParts,
    // The schema has it for descriptors, but not for those of an index.
    artifactType: true,
    platform: { os: true, architecture: true, variant: true },
  },
};

const manifestParts: Parts = {
  schemaVersion: true,
  mediaType: true,
  config: descriptorParts,
  layers: descriptorParts,
};

const configParts: Parts = {
  os: true,
  architecture: true,
  variant: true,
  rootfs: { type: true, diff_ids: true },
};

const indexTitles: Titles = new Map([
  ['manifests[]', 'ManifestDescriptor'],
  ['manifests[].platform', 'DescriptorPlatform'],
]);
const manifestTitles: Titles = new Map([['config', 'ManifestConfig']]);

/** The schemas leave open, or check in another way, what is meant here. */
function fill(files: SchemaFiles): void {
  checkEveryString(files);
  const config = schemaFile(files, 'config-schema.json').properties ?? {};
  // config.md, "Properties": any optional field may be null.
  config['variant'] = { anyOf: [{ type: 'string' }, { type: 'null' }] };
  const index = schemaFile(files, 'image-index-schema.json').properties ?? {};
  const members = index['manifests']?.items?.properties ?? {};
  members['artifactType'] = { type: 'string' };
}

/** With what is refused, so that none of it hides behind another case. */
function withForeign({ members = {} }: MemberTree, names: readonly string[]): MemberTree {
  return { members: { ...members, ...Object.fromEntries(names.map((name) => [name, {}])) } };
}

const folder = import.meta.dirname;
const files = readSchemas(join(folder, 'schema'));
fill(files);
const place = (file: string) => ({ file, schema: schemaFile(files, file) });
const none: Titles = new Map();
const layout = place('image-layout-schema.json');
const index = place('image-index-schema.json');
const manifest = place('image-manifest-schema.json');
const config = place('config-schema.json');
const own = readSchemas(folder);
const dockerArchive = schemaFile(own, 'docker-archive.json');
const schemas = [
  selectParts(files, layout, true, none, 'ImageLayout'),
  selectParts(files, index, indexParts, indexTitles, 'ImageIndex'),
  selectParts(files, manifest, manifestParts, manifestTitles, 'ImageManifest'),
  selectParts(files, config, configParts, none, 'ImageConfig'),
  dockerArchive,
];
writeOrCheck({
  folder,
  from: 'the OCI image-spec 1.1.1 JSON schemas',
  sources: {
    'image.generated.ts': await writeTypes(schemas),
    'validators.generated.js': writeValidators(schemas),
    'validators.generated.d.ts': writeValidatorTypes(schemas),
    'members.generated.ts': writeMembers({
      layoutMembers: memberTree(files, layout),
      indexMembers: withForeign(memberTree(files, index), FOREIGN_TO_INDEX),
      manifestMembers: withForeign(memberTree(files, manifest), FOREIGN_TO_MANIFEST),
      configMembers: memberTree(files, config),
      dockerArchiveMembers: memberTree(own, { file: 'docker-archive.json', schema: dockerArchive }),
    }),
  },
});
