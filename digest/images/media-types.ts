/** Media types of image-spec 1.1.1 (media-types.md) and of Docker, by what they are. */
const OCI = 'application/vnd.oci.image';
const DOCKER = 'application/vnd.docker';

const INDEXES = new Set([`${OCI}.index.v1+json`, `${DOCKER}.distribution.manifest.list.v2+json`]);
const MANIFESTS = new Set([`${OCI}.manifest.v1+json`, `${DOCKER}.distribution.manifest.v2+json`]);
const CONFIGS = new Set([`${OCI}.config.v1+json`, `${DOCKER}.container.image.v1+json`]);
const LAYERS = new Set([
  `${OCI}.layer.v1.tar`,
  `${OCI}.layer.v1.tar+gzip`,
  `${OCI}.layer.v1.tar+zstd`,
  `${DOCKER}.image.rootfs.diff.tar`,
  `${DOCKER}.image.rootfs.diff.tar.gzip`,
  `${DOCKER}.image.rootfs.diff.tar.zstd`,
]);
/** Layers that registries need not hold, "foreign" to Docker. */
const NONDISTRIBUTABLE_LAYERS = new Set([
  `${OCI}.layer.nondistributable.v1.tar`,
  `${OCI}.layer.nondistributable.v1.tar+gzip`,
  `${OCI}.layer.nondistributable.v1.tar+zstd`,
  `${DOCKER}.image.rootfs.foreign.diff.tar`,
  `${DOCKER}.image.rootfs.foreign.diff.tar.gzip`,
]);

export const isIndexType = (mediaType: string): boolean => INDEXES.has(mediaType);
export const isManifestType = (mediaType: string): boolean => MANIFESTS.has(mediaType);
export const isConfigType = (mediaType: string): boolean => CONFIGS.has(mediaType);
export const isNondistributable = (mediaType: string): boolean =>
  NONDISTRIBUTABLE_LAYERS.has(mediaType);
export const isLayerType = (mediaType: string): boolean =>
  LAYERS.has(mediaType) || isNondistributable(mediaType);
